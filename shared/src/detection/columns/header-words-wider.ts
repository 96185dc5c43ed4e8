import type { NamedType } from './header-words.ts';

/** {@link headerWords} in Arabic, Persian, Hebrew, Indian, Baltic, South Slavic, Caucasian and South-East Asian languages. */
export const widerHeaderWords: Readonly<Partial<Record<NamedType, string>>> = {
  first_name:
    'given nm, first nm, الاسم الأول, الاسم الاول, اسم أول, الاسم الشخصي, نام, نام کوچک, اسم کوچک, שם פרטי, प्रथम नाम, पहिलो नाम, পরিচয় নাম, প্রথম নাম, નામ, ten, ten goi, ten dem, nama awal, pangalan, unang pangalan, vardas, vards, eesnimi, ime, лично име, име, emri, eiginnafn, fornafn, ainm, სახელი, անուն, adi, ism, jina la kwanza, μικρο ονομα, ονομα, ім я, ad',
  last_name:
    'last nm, family nm, اسم العائلة, العائلة, اللقب, الاسم الأخير, الاسم الاخير, نام خانوادگی, فامیلی, שם משפחה, अंतिम नाम, कुलनाम, आडनाव, थर, পদবি, শেষ নাম, અટક, ho, ho dem, nama akhir, nama keluarga, apelyido, pavarde, uzvards, perekonnanimi, priimek, prezime, презиме, фамилно име, фамилија, mbiemri, eftirnafn, sloinne, გვარი, ազգանուն, soyad, familiya, jina la mwisho, επωνυμο, επιθετο',
  full_name:
    'full nm, cust nm, customer nm, client nm, الاسم الكامل, الاسم بالكامل, اسم العميل, الاسم الثلاثي, نام کامل, نام و نام خانوادگی, نام مشتری, שם מלא, שם הלקוח, שם לקוח, पूर्ण नाम, ग्राहक का नाम, पुरा नाम, পুরো নাম, পূর্ণ নাম, પૂરું નામ, ho va ten, ho ten, ten khach hang, ten day du, nama pelanggan, buong pangalan, vardas pavarde, pilnas vardas, vards uzvards, pilns vards, taisnimi, kliendi nimi, ime priimek, polno ime, ime prezime, puno ime, име и презиме, пълно име, три имена, emri i plote, fullt nafn, ainm iomlan, სახელი და გვარი, անուն ազգանուն, ad soyad, jina kamili, ονομα επωνυμο, ονοματεπωνυμο, прізвище та ім я, повне ім я',
  name: 'الاسم, اسم, שם, নাম, नाव, emri, ainm, nafn, име, имя, ім я, nimi, nev, jina',
  email:
    'البريد الإلكتروني, البريد الالكتروني, بريد إلكتروني, الإيميل, ایمیل, پست الکترونیک, رایانامه, דוא ל, דואר אלקטרוני, אימייל, मेल, ইমেইল, ইমেল, ઇમેઇલ, el pastas, elektroninis pastas, e pasts, epasts, e posts, e post, e posti aadress, meil, e posta, eposta, elektronska posta, elektronska posta, imejl, имейл, е пошта, ел поща, електронна поща, пошта, електронна пошта, posta elektronike, netfang, tolvupostur, riomhphost, ელფოსტა, ელ ფოსტა, էլ փոստ, thu dien tu, surel, barua pepe',
  phone:
    'الهاتف, رقم هاتف, الجوال, رقم الجوال, رقم الهاتف, المحمول, الموبايل, رقم الموبايل, تلفن, شماره تلفن, موبایل, شماره موبایل, تلفن همراه, טלפון נייד, נייד, מספר טלפון, फ़ोन, फोन नंबर, फ़ोन नंबर, मोबाइल नंबर, दूरध्वनी, ফোন, মোবাইল, ফোন নম্বর, ફોન, telefonas, telefono numeris, mobilusis, talrunis, talruna numurs, mobilais, telefoninumber, mobiiltelefon, telefonska stevilka, gsm stevilka, mobitel, broj telefona, broj mobitela, телефон, телефонен номер, мобилен, телефонски број, број телефона, мобилни, numri i telefonit, celulari, simi, simanumer, farsimi, fon, guthan, ტელეფონი, ტელ, մոբիլ, հեռախոս, so dien thoai, di dong, nomor telepon, nomor hp, telepon seluler, numero ng telepono, simu, nambari ya simu, αριθμος τηλεφωνου, κινητο τηλεφωνο, номер телефону, моб телефон',
  street_address:
    'الشارع, شارع, خیابان, רחוב, सड़क, রাস্তা, gatve, namas, iela, maja, tanav, tanav maja, ulica hisna stevilka, hisna stevilka, kucni broj, улица и номер, улица, вулиця будинок, rruga, gata heimili, heimilisfang, sraid, ქუჩა, փողոց, duong pho, so nha duong, nama jalan, mtaa',
  address:
    'العنوان, عنوان, آدرس, نشانی, כתובת, पता, पत्ता, ঠিকানা, સરનામું, முகவரி, adresas, adrese, aadress, naslov, adresa, адрес, адреса, adresa e shtepise, heimili, seoladh, მისამართი, հասցե, unvan, dia chi nha, alamat rumah, tirahan, anwani',
  date_of_birth:
    'تاريخ الميلاد, تاريخ الولادة, تاریخ تولد, תאריך לידה, जन्म दिनांक, जन्म तारीख, जन्म तिथि, জন্ম তারিখ, জন্মতারিখ, જન્મ તારીખ, gimimo data, dzimsanas datums, dzimsanas diena, sunniaeg, sunnikuupaev, datum rojstva, rojstni dan, datum rodenja, datum rodendana, дата на раждане, датум на раѓање, датум рођења, рождена дата, дата народження, datelindja, data e lindjes, faedingardagur, data breithe, data bhreithe, დაბადების თარიღი, ծննդյան ամսաթիվ, ծննդյան օր, dogum tarixi, ngay thang nam sinh, petsa ng kapanganakan, tarehe ya kuzaliwa, ημ γεννησης, ημερομηνια γεννησης',
  national_id:
    'رقم الهوية, الرقم القومي, الرقم الوطني, رقم الهوية الوطنية, رقم البطاقة, کد ملی, شماره ملی, שם מזהה, תעודת זהות, מספר זהות, ת ז, आधार नंबर, आधार कार्ड, राष्ट्रीय परिचय पत्र, জাতীয় পরিচয়পত্র, asmens kodas, personas kods, isikukood, emso, davcna stevilka, oib, jmbg, матичен број, матични број, егн, единен граждански номер, податковий номер, рнокпп, numri personal, kennitala, pps number, pps, ppsn, პირადი ნომერი, հանրային ծառայությունների համարանիշ, fin kod, cmnd cccd, can cuoc, can cuoc cong dan, so cmnd, nomor ktp, nomor induk kependudukan, kitambulisho, αφμ, αμκα, αδτ, αριθμος ταυτοτητας, ταυτοτητα',
  passport:
    'جواز السفر, رقم الجواز, گذرنامه, شماره گذرنامه, דרכון, מספר דרכון, पासपोर्ट, পাসপোর্ট, paso numeris, pasas, pase, pases numurs, pass passi number, potni list, putovnica, broj putovnice, паспорт номер, пасош, vegabref, პასპორტი, անձնագիր, so ho chieu, nomor paspor, pasaporte',
  driving_licence:
    'رخصة القيادة, گواهینامه, רישיון נהיגה, vairuotojo pazymejimas, vaditaja aplieciba, juhiluba, vozniska dovoljenje, vozacka dozvola, свидетелство за управление, giay phep lai xe, sim mengemudi',
  payment_card:
    'بطاقة الائتمان, رقم بطاقة الائتمان, رقم البطاقة الائتمانية, کارت اعتباری, شماره کارت, כרטיס אשראי, מספר כרטיס, क्रेडिट कार्ड, कार्ड नंबर, ক্রেডিট কার্ড, kredito kortele, korteles numeris, kreditkarte, kartes numurs, krediitkaart, kaardi number, kreditna kartica, broj kartice, stevilka kartice, кредитна карта, кредитна картичка, номер на карта, картка, номер картки, karte krediti, kreditkort, cartai creidmheasa, საკრედიტო ბარათი, the tin dung, so the, nomor kartu, kartu kredit, πιστωτικη καρτα, αριθμος καρτας, kreditna karta, kreditna kartica broj, cislo karty',
  account_number:
    'btc address, btc wallet, bitcoin wallet, eth address, ethereum address, wallet, رقم الحساب, الحساب البنكي, شماره حساب, חשבון בנק, מספר חשבון, बैंक खाता, ব্যাংক হিসাব, saskaitos numeris, banko saskaita, konta numurs, kontonumber, arvelduskonto, bancni racun, racun, broj racuna, bankovni racun, сметка, банкова сметка, број на сметка, рахунок, номер рахунку, llogaria bankare, bankareikningur, so tai khoan ngan hang, αριθμος λογαριασμου',
  iban: 'شبا, شماره شبا, آیبان, آيبان',
  licence_plate:
    'رقم اللوحة, لوحة السيارة, پلاک, شماره پلاک, מספר רכב, לוחית רישוי, वाहन संख्या, गाड़ी नंबर, valstybinis numeris, auto numurs, auto number, registrska stevilka, registrska tablica, registarska oznaka, registracija, регистрационен номер, рег номер, регистарска таблица, держномер, номерний знак, targa, bilnumer, πινακιδα, αριθμος κυκλοφοριας, bien so, bien so xe, plat nomor, nomor polisi, ecv, evidencni cislo vozidla, rendszam, plaka numarasi, numar inmatriculare, nr inmatriculare',
  username:
    'اسم المستخدم, نام کاربری, שם משתמש, naudotojo vardas, lietotajvards, kasutajanimi, uporabnisko ime, korisnicko ime, потребителско име, корисничко име, логін',
  password:
    'كلمة المرور, كلمة السر, رمز عبور, סיסמה, पासवर्ड, slaptazodis, parole, parool, geslo, lozinka, парола, mat khau, kata sandi',
  person_id:
    'رقم العميل, رقم الزبون, رقم المستخدم, رقم الموظف, شماره مشتری, کد مشتری, מספר לקוח, ग्राहक संख्या, ग्राहक आईडी, গ্রাহক নম্বর, kliento numeris, kliento id, kliento kodas, klienta numurs, klienta kods, kliendi number, kliendinumber, kliendikood, stevilka stranke, id stranke, sifra stranke, broj kupca, sifra kupca, id kupca, broj klijenta, клиентски номер, номер на клиент, број на клиент, номер клієнта, код клієнта, κωδικος πελατη, αριθμος πελατη, numri i klientit, vidskiptanumer, uimhir chustaimeara, კლიენტის ნომერი, id pelanggan, nomor pelanggan, kode pelanggan, id khach hang, nambari ya mteja, cod client, cod klient, n client, musteri kodu',
  city: 'البلدة, شهر, עיר, יישוב, গ্রাম, শহর, शहर का नाम, miestas, pilseta, linn, mesto kraj, kraj mesto, grad, mjesto, град, град село, населено място, місто, qyteti, baer, stadur, cathair, ქალაქი, քաղաք, seher, kota kabupaten, lungsod, jiji',
  region:
    'المحافظة, المنطقة, استان, מחוז, মণ্ডল, জেলা, apskritis, novads, maakond, regija, zupanija, област, окръг, регион, rrethi, sysla, contae, მხარე, մարզ, tinh thanh, lalawigan, mkoa',
  postal_code:
    'الرمز البريدي, کد پستی, کدپستی, מיקוד, पिनकोड, डाक कोड, পোস্ট কোড, ডাক কোড, pasto kodas, pasta indekss, postiindeks, sihtnumber, postna stevilka, postanski broj, пощенски код, поштенски код, поштански број, поштовий індекс, kodi postar, postnumer, eircode, cod poist, საფოსტო ინდექსი, փոստային ինդեքս, ma buu chinh, ma buu dien, tk, zip code postal',
  country:
    'الدولة, البلد, کشور, ארץ, দেশ, દેશ, salis, valsts, riik, drzava, zemlja, държава, земја, shteti, vendi, land rikis, tir, ქვეყანა, երկիր, olke, bansa, nchi',
  gender:
    'الجنس, النوع, جنسیت, מגדר, लैंगिक, লিঙ্গ, જાતિ, lytis, dzimums, sugu, spol, пол, род, gjinia, kyn, inscne, სქესი, սեռ, cins, kasarian, jinsia, стать, φυλο',
  age: 'العمر, السن, سن, גיל, वय, বয়স, ઉંમર, amzius, vecums, vanus, starost, dob starost, godine, възраст, возраст, mosha, aldur, aois, ასაკი, տարիք, edad anos, umri, ηλικια, вік',
  birth_place:
    'مكان الميلاد, محل تولد, מקום לידה, জন্মস্থান, gimimo vieta, dzimsanas vieta, sunnikoht, kraj rojstva, mjesto rodenja, място на раждане, место рођења, τοπος γεννησης, noi sinh, tempat lahir',
  nationality:
    'الجنسية, ملیت, אזרחות, לאום, राष्ट्रीयता, জাতীয়তা, pilietybe, pilsoniba, kodakondsus, drzavljanstvo, гражданство, државјанство, shtetesia, rikisfang, quoc tich, kewarganegaraan, υπηκοοτητα, εθνικοτητα, громадянство',
  marital_status:
    'الحالة الاجتماعية, وضعیت تاهل, מצב משפחתי, वैवाहिक स्थिति, বৈবাহিক অবস্থা, seimine padetis, gimenes stavoklis, perekonnaseis, zakonski stan, bracno stanje, bracni status, семейно положение, брачен статус, сімейний стан, οικογενειακη κατασταση, tinh trang hon nhan, status pernikahan, csaladi allapot, stare civila, rodinny stav',
  education:
    'المؤهل, المستوى التعليمي, تحصیلات, השכלה, शिक्षा, শিক্ষা, issilavinimas, izglitiba, haridus, izobrazba, obrazovanje, образование, освіта, εκπαιδευση, trinh do hoc van, pendidikan, vegzettseg, educatie, studii, vzdelani, vzdelanie, koulutus, uddannelse, utdanning',
  income:
    'الراتب, الدخل, حقوق, درآمد, שכר, הכנסה, वेतन, আয়, বেতন, atlyginimas, pajamos, alga, ienakumi, palk, sissetulek, placa, dohodek, placa neto, prihod, заплата, доход, зарплата, дохід, μισθος, εισοδημα, luong, thu nhap, gaji, pendapatan, salariu, venit',
  religion: 'الديانة, دین, דת, धर्म, ধর্ম, religija, usk, vera, вероизповедание, θρησκεια, ton giao, agama',
  ethnicity: 'العرق, قومیت, tautybe, tautiba, rahvus, narodnost etnicka, етнос, εθνοτητα, dan toc, suku bangsa',
  health:
    'التشخيص, فصيلة الدم, بیماری, گروه خونی, אבחנה, סוג דם, निदान, रक्त समूह, রোগ, রক্তের গ্রুপ, diagnoze, kraujo grupe, asins grupa, veregrupp, krvna skupina, krvna grupa, диагноза, кръвна група, діагноз, διαγνωση, ομαδα αιματος, chan doan, nhom mau, golongan darah, vercsoport, diagnozis',
  free_text:
    'ملاحظات, ملاحظة, توضیحات, یادداشت, הערות, הערה, टिप्पणियां, মন্তব্য, নোট, pastabos, pastaba, komentarai, piezimes, markused, kommentaar, opombe, napomene, biljeske, забележка, бележки, белешки, напомена, примітка, примітки, shenime, athugasemdir, notai, შენიშვნა, ծանոթություն, qeyd, ghi chu, mga tala, maelezo, σημειωσεις, παρατηρησεις, notatki, observatii, keterangan',
  organization:
    'الشركة, اسم الشركة, شرکت, חברה, שם חברה, প্রতিষ্ঠান, কোম্পানি, imone, imones pavadinimas, uznemums, ettevote, firma nimi, podjetje, tvrtka, tvrtka naziv, poduzece, preduzece, компания, фирма, фирма име, компанија, компанія, підприємство, kompania, fyrirtaeki, cuideachta, კომპანია, ընկերություն, ten cong ty, nama perusahaan, kumpanya, kampuni',
  job: 'المهنة, الوظيفة, شغل, מקצוע, תפקיד, पेशा, व्यवसाय, পেশা, profesija, pareigos, amatas, amet, elukutse, poklic, delovno mesto, zanimanje, radno mjesto, професия, длъжност, занимање, професія, посада, profesioni, starf, post oibre, პროფესია, մասնագիտություն, chuc vu, pekerjaan jabatan, trabaho, kazi, επαγγελμα',
  date: 'تاريخ التسجيل, تاريخ الإنشاء, تاریخ ثبت, תאריך הרשמה, תאריך, पंजीकरण तिथि, তারিখ, registracijos data, registracijas datums, registreerimise kuupaev, kuupaev, datum registracije, дата на регистрация, датум, дата реєстрації, ngay dang ky, tanggal daftar, ημερομηνια εγγραφης',
  amount: 'المبلغ, مبلغ, סכום, राशि, পরিমাণ, suma eur, summa eur, znesek, iznos, стойност, износ, so tien, jumlah, ποσο',
};
