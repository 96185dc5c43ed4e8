"""Tables of invented persons in every locale of Faker, to measure `sdp scan` on data of another library than its own.

    python3 -m venv v && v/bin/pip install faker==40.54.0
    v/bin/python scripts/detection/invent_tables.py OUT

Writes OUT/KIND/LOCALE.csv with what the columns hold in OUT/KIND/LOCALE.json. Kinds: `local` and `english` names of
columns, `cryptic` ones, `nohead` without a header, `missing` cells, `upper` case with blanks, `compact` identifiers,
and `mixed` columns of words with an identifier here and there.
"""

import csv
import json
import os
import random
import re
import sys

from faker import Faker
from faker.config import AVAILABLE_LOCALES

ROWS = 150
SKIPPED = {"dk_DK", "la", "ar_AA", "en", "ru"}
LOCALES = sorted(locale for locale in AVAILABLE_LOCALES if locale not in SKIPPED)

# Names of columns by language, in the order of KEYS.
HEADERS = {
'en':'customer_id,first_name,last_name,full_name,street,zip,city,phone,email,date_of_birth,gender,company,signup_date,amount,plan,iban,national_id,job,credit_card,ip,license_plate,notes,age,country',
'de':'Kundennummer,Vorname,Nachname,Name,Straße,PLZ,Ort,Telefon,E-Mail,Geburtsdatum,Geschlecht,Firma,Eintrittsdatum,Betrag,Tarif,IBAN,Steuer-ID,Beruf,Kreditkarte,IP,Kennzeichen,Bemerkung,Alter,Land',
'fr':'n° client,prénom,nom,nom complet,rue,code postal,ville,téléphone,courriel,date de naissance,sexe,entreprise,date inscription,montant,formule,IBAN,n° sécurité sociale,profession,carte bancaire,adresse IP,immatriculation,remarques,âge,pays',
'es':'id_cliente,nombre,apellidos,nombre completo,dirección,código postal,ciudad,teléfono,correo,fecha de nacimiento,sexo,empresa,fecha alta,importe,tarifa,iban,dni,profesión,tarjeta de crédito,ip,matrícula,observaciones,edad,país',
'it':'codice cliente,nome,cognome,nominativo,indirizzo,CAP,città,telefono,email,data di nascita,sesso,azienda,data iscrizione,importo,piano,iban,codice fiscale,professione,carta di credito,ip,targa,note,età,paese',
'nl':'klantnummer,voornaam,achternaam,volledige naam,straat,postcode,woonplaats,telefoon,e-mail,geboortedatum,geslacht,bedrijf,inschrijfdatum,bedrag,abonnement,iban,bsn,beroep,creditcard,ip,kenteken,opmerkingen,leeftijd,land',
'pl':'nr klienta,imię,nazwisko,imię i nazwisko,ulica,kod pocztowy,miasto,telefon,e-mail,data urodzenia,płeć,firma,data rejestracji,kwota,plan,iban,PESEL,zawód,karta kredytowa,ip,nr rejestracyjny,uwagi,wiek,kraj',
'pt':'id do cliente,primeiro nome,sobrenome,nome completo,endereço,CEP,cidade,telefone,e-mail,data de nascimento,sexo,empresa,data de cadastro,valor,plano,iban,CPF,profissão,cartão de crédito,ip,placa,observações,idade,país',
'sv':'kundnummer,förnamn,efternamn,namn,gatuadress,postnummer,ort,telefon,e-post,födelsedatum,kön,företag,registreringsdatum,belopp,abonnemang,iban,personnummer,yrke,kreditkort,ip,registreringsnummer,anteckningar,ålder,land',
'no':'kundenummer,fornavn,etternavn,fullt navn,gateadresse,postnummer,poststed,telefon,e-post,fødselsdato,kjønn,firma,registreringsdato,beløp,abonnement,iban,fødselsnummer,yrke,kredittkort,ip,registreringsnummer,merknader,alder,land',
'da':'kundenummer,fornavn,efternavn,fulde navn,vejnavn,postnr,by,telefon,e-mail,fødselsdato,køn,firma,oprettelsesdato,beløb,abonnement,iban,CPR-nummer,stilling,kreditkort,ip,nummerplade,bemærkninger,alder,land',
'fi':'asiakasnumero,etunimi,sukunimi,koko nimi,katuosoite,postinumero,postitoimipaikka,puhelinnumero,sähköposti,syntymäaika,sukupuoli,yritys,rekisteröintipäivä,summa,tilaus,iban,henkilötunnus,ammatti,luottokortti,ip,rekisterinumero,huomautuksia,ikä,maa',
'cs':'číslo zákazníka,jméno,příjmení,celé jméno,ulice,PSČ,město,telefon,e-mail,datum narození,pohlaví,společnost,datum registrace,částka,tarif,iban,rodné číslo,povolání,kreditní karta,ip,SPZ,poznámka,věk,země',
'sk':'číslo zákazníka,krstné meno,priezvisko,celé meno,ulica,PSČ,mesto,telefón,e-mail,dátum narodenia,pohlavie,spoločnosť,dátum registrácie,suma,tarifa,iban,rodné číslo,povolanie,kreditná karta,ip,EČV,poznámka,vek,krajina',
'hu':'ügyfélszám,keresztnév,vezetéknév,teljes név,utca,irányítószám,város,telefonszám,e-mail,születési dátum,nem,cég,regisztráció dátuma,összeg,csomag,iban,adóazonosító,foglalkozás,bankkártya,ip,rendszám,megjegyzés,életkor,ország',
'ro':'cod client,prenume,nume,nume complet,adresă,cod poștal,oraș,telefon,e-mail,data nașterii,sex,companie,data înregistrării,sumă,abonament,iban,CNP,profesie,card de credit,ip,număr înmatriculare,observații,vârstă,țară',
'tr':'müşteri no,ad,soyad,ad soyad,adres,posta kodu,şehir,telefon,e-posta,doğum tarihi,cinsiyet,şirket,kayıt tarihi,tutar,paket,iban,tc kimlik no,meslek,kredi kartı,ip,plaka,notlar,yaş,ülke',
'ru':'номер клиента,имя,фамилия,ФИО,улица,индекс,город,телефон,почта,дата рождения,пол,компания,дата регистрации,сумма,тариф,iban,паспорт,профессия,карта,ip,госномер,примечание,возраст,страна',
'uk':'номер клієнта,ім\'я,прізвище,ПІБ,вулиця,поштовий індекс,місто,телефон,пошта,дата народження,стать,компанія,дата реєстрації,сума,тариф,iban,РНОКПП,професія,картка,ip,держномер,примітка,вік,країна',
'bg':'клиентски номер,име,фамилия,три имена,улица,пощенски код,град,телефон,имейл,дата на раждане,пол,фирма,дата на регистрация,сума,план,iban,ЕГН,професия,кредитна карта,ip,регистрационен номер,бележки,възраст,държава',
'el':'κωδικός πελάτη,όνομα,επώνυμο,ονοματεπώνυμο,οδός,ΤΚ,πόλη,τηλέφωνο,email,ημερομηνία γέννησης,φύλο,εταιρεία,ημερομηνία εγγραφής,ποσό,πακέτο,iban,ΑΦΜ,επάγγελμα,πιστωτική κάρτα,ip,πινακίδα,σημειώσεις,ηλικία,χώρα',
'hr':'broj kupca,ime,prezime,ime i prezime,ulica,poštanski broj,grad,telefon,e-mail,datum rođenja,spol,tvrtka,datum registracije,iznos,paket,iban,OIB,zanimanje,kreditna kartica,ip,registracija,napomena,dob,država',
'sl':'številka stranke,ime,priimek,ime in priimek,ulica,poštna številka,mesto,telefon,e-pošta,datum rojstva,spol,podjetje,datum registracije,znesek,paket,iban,EMŠO,poklic,kreditna kartica,ip,registrska številka,opombe,starost,država',
'et':'kliendi number,eesnimi,perekonnanimi,täisnimi,tänav,postiindeks,linn,telefon,e-post,sünniaeg,sugu,ettevõte,registreerimise kuupäev,summa,pakett,iban,isikukood,amet,krediitkaart,ip,auto number,märkused,vanus,riik',
'lv':'klienta numurs,vārds,uzvārds,pilns vārds,iela,pasta indekss,pilsēta,tālrunis,e-pasts,dzimšanas datums,dzimums,uzņēmums,reģistrācijas datums,summa,plāns,iban,personas kods,profesija,kredītkarte,ip,auto numurs,piezīmes,vecums,valsts',
'lt':'kliento numeris,vardas,pavardė,vardas pavardė,gatvė,pašto kodas,miestas,telefonas,el. paštas,gimimo data,lytis,įmonė,registracijos data,suma,planas,iban,asmens kodas,profesija,kredito kortelė,ip,valstybinis numeris,pastabos,amžius,šalis',
'ja':'顧客番号,名,姓,氏名,住所,郵便番号,市区町村,電話番号,メールアドレス,生年月日,性別,会社名,登録日,金額,プラン,iban,マイナンバー,職業,クレジットカード番号,IPアドレス,車両番号,備考,年齢,国',
'zh':'客户编号,名字,姓氏,姓名,地址,邮编,城市,手机号,邮箱,出生日期,性别,公司,注册日期,金额,套餐,iban,身份证号,职业,信用卡号,ip地址,车牌号,备注,年龄,国家',
'ko':'고객번호,이름,성,성명,주소,우편번호,도시,전화번호,이메일,생년월일,성별,회사,가입일,금액,요금제,iban,주민등록번호,직업,신용카드번호,아이피,차량번호,비고,나이,국가',
'ar':'رقم العميل,الاسم الأول,اسم العائلة,الاسم الكامل,العنوان,الرمز البريدي,المدينة,الهاتف,البريد الإلكتروني,تاريخ الميلاد,الجنس,الشركة,تاريخ التسجيل,المبلغ,الباقة,iban,رقم الهوية,المهنة,بطاقة الائتمان,ip,رقم اللوحة,ملاحظات,العمر,الدولة',
'fa':'شماره مشتری,نام,نام خانوادگی,نام کامل,آدرس,کد پستی,شهر,تلفن,ایمیل,تاریخ تولد,جنسیت,شرکت,تاریخ ثبت,مبلغ,طرح,شبا,کد ملی,شغل,کارت اعتباری,ip,پلاک,توضیحات,سن,کشور',
'he':'מספר לקוח,שם פרטי,שם משפחה,שם מלא,רחוב,מיקוד,עיר,טלפון,דוא"ל,תאריך לידה,מין,חברה,תאריך הרשמה,סכום,מסלול,iban,תעודת זהות,מקצוע,כרטיס אשראי,ip,מספר רכב,הערות,גיל,מדינה',
'hi':'ग्राहक संख्या,पहला नाम,उपनाम,पूरा नाम,पता,पिन कोड,शहर,फोन,ईमेल,जन्म तिथि,लिंग,कंपनी,पंजीकरण तिथि,राशि,योजना,iban,आधार संख्या,पेशा,क्रेडिट कार्ड,ip,वाहन संख्या,टिप्पणी,आयु,देश',
'th':'รหัสลูกค้า,ชื่อ,นามสกุล,ชื่อเต็ม,ที่อยู่,รหัสไปรษณีย์,เมือง,โทรศัพท์,อีเมล,วันเกิด,เพศ,บริษัท,วันที่ลงทะเบียน,จำนวนเงิน,แพ็กเกจ,iban,เลขบัตรประชาชน,อาชีพ,บัตรเครดิต,ip,ทะเบียนรถ,หมายเหตุ,อายุ,ประเทศ',
'vi':'mã khách hàng,tên,họ,họ và tên,địa chỉ,mã bưu điện,thành phố,số điện thoại,email,ngày sinh,giới tính,công ty,ngày đăng ký,số tiền,gói,iban,CCCD,nghề nghiệp,thẻ tín dụng,ip,biển số,ghi chú,tuổi,quốc gia',
'id':'id pelanggan,nama depan,nama belakang,nama lengkap,alamat,kode pos,kota,no hp,email,tanggal lahir,jenis kelamin,perusahaan,tanggal daftar,jumlah,paket,iban,NIK,pekerjaan,kartu kredit,ip,plat nomor,catatan,umur,negara',
}

KEYS = (
    "person_id first_name last_name full_name street postal city phone email dob gender company date amount category "
    "iban natid job card ip plate note age country"
).split()
DIRECT = set("first_name last_name full_name street phone email dob iban natid card ip plate".split())
QUASI = set("person_id postal city gender job age country".split())
CLASSES = {key: "D" if key in DIRECT else "Q" if key in QUASI else "F" if key == "note" else "N" for key in KEYS}
MIXABLE = ["phone", "email", "card", "iban"]
WORDS = ["ok", "see ticket", "returned", "blue variant", "urgent", "in stock", "called twice", "n/a", "second try"]
NOTES = [
    "asked to be called at {phone} next week",
    "wrote from {email} about the invoice",
    "paid in time, no remarks",
    "asked for another delivery date",
]
SPELLED_ALIKE = {"nb": "no", "dk": "da"}


def language(locale):
    name = locale.split("_")[0]
    name = SPELLED_ALIKE.get(name, name)
    return name if name in HEADERS else "en"


def seed_of(text):
    return sum(ord(letter) * (index + 7) * 131 for index, letter in enumerate(text)) + 1


def invent(locale):
    """Columns by key; those that the locale cannot make are left out."""
    made, chance = Faker(locale), random.Random(seed_of(locale))
    made.seed_instance(seed_of(locale))
    dates = chance.choice(["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y"])
    sexes = chance.choice([("M", "F"), ("male", "female"), ("1", "2")])
    columns = {}

    def put(key, make):
        try:
            columns[key] = [str(make(row)).replace("\n", ", ") for row in range(ROWS)]
        except Exception:  # a provider that the locale lacks
            pass

    put("person_id", lambda row: f"C{chance.randint(0, 999999):06d}")
    put("first_name", lambda row: made.first_name())
    put("last_name", lambda row: made.last_name())
    put("full_name", lambda row: made.name())
    put("street", lambda row: made.street_address())
    put("postal", lambda row: made.postcode())
    put("city", lambda row: made.city())
    put("phone", lambda row: made.phone_number())
    put("email", lambda row: made.email())
    put("dob", lambda row: made.date_of_birth(minimum_age=18, maximum_age=90).strftime(dates))
    put("gender", lambda row: chance.choice(sexes))
    put("company", lambda row: made.company())
    put("date", lambda row: made.date_between("-3y").strftime(dates))
    put("amount", lambda row: f"{chance.uniform(1, 5000):.2f}")
    put("category", lambda row: chance.choice(["basic", "pro", "gold"]))
    put("iban", lambda row: made.iban())
    put("natid", lambda row: made.ssn())
    put("job", lambda row: made.job())
    put("card", lambda row: made.credit_card_number())
    put("ip", lambda row: made.ipv4())
    put("plate", lambda row: made.license_plate())
    put("note", lambda row: chance.choice(NOTES).format(phone=columns["phone"][row], email=columns["email"][row]))
    put("age", lambda row: chance.randint(18, 95))
    put("country", lambda row: made.country())
    return columns


def write(folder, locale, names, columns, classes=CLASSES):
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/{locale}.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        if names:
            rows.writerow(names)
        rows.writerows(zip(*columns.values()))
    described = [{"type": key, "cls": classes[key]} for key in columns]
    with open(f"{folder}/{locale}.json", "w", encoding="utf-8") as file:
        json.dump({"header": bool(names), "columns": described}, file)


def main(out):
    for locale in LOCALES:
        columns, chance = invent(locale), random.Random(seed_of(locale))
        named = {key: dict(zip(KEYS, HEADERS[of].split(","))) [key] for of in [language(locale)] for key in columns}
        english = dict(zip(KEYS, HEADERS["en"].split(",")))
        local = [named[key] for key in columns]
        write(f"{out}/local", locale, local, columns)
        write(f"{out}/english", locale, [english[key] for key in columns], columns)
        write(f"{out}/cryptic", locale, [f"c{index + 1}" for index in range(len(columns))], columns)
        write(f"{out}/nohead", locale, [], columns)
        gone = lambda value: value if chance.random() > 0.3 else chance.choice(["", "", "NULL", "-"])
        write(f"{out}/missing", locale, local, {key: [gone(value) for value in cells] for key, cells in columns.items()})
        upper = {key: [f"  {value.upper()} " for value in cells] for key, cells in columns.items()}
        write(f"{out}/upper", locale, [name.upper() for name in local], upper)
        bare = lambda key, value: re.sub(r"[ .\-/()]", "", value) if key in ("natid", "card", "iban", "phone") else value
        compact = {key: [bare(key, value) for value in cells] for key, cells in columns.items()}
        write(f"{out}/compact", locale, [english[key] for key in columns], compact)
        sparse = lambda value: value if chance.random() < 0.12 else chance.choice(WORDS)
        mixed = {key: [sparse(value) for value in columns[key]] for key in MIXABLE if key in columns}
        names = [f"field_{index}" for index in range(len(mixed))]
        write(f"{out}/mixed", locale, names, mixed, dict.fromkeys(mixed, "F"))


if __name__ == "__main__":
    main(sys.argv[1])
