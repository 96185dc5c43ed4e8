/** Column names of invented tables by locale, in the order of {@link inventedTypes}. */
export const inventedNames: Readonly<Record<string, string>> = {
  fr: 'numero_client,prenom,nom_famille,contact,adresse,cp,ville,tel_portable,courriel,date_naissance,sexe,entreprise,date_inscription,montant,statut,iban,adresse_ip,produit',
  it: 'codice_cliente,nome,cognome,referente,indirizzo,cap,citta,cellulare,posta_elettronica,data_nascita,sesso,azienda,data_iscrizione,importo,stato_ordine,iban,indirizzo_ip,prodotto',
  nl: 'klantnummer,voornaam,achternaam,contactpersoon,straat_huisnummer,postcode,woonplaats,telefoonnummer,e-mailadres,geboortedatum,geslacht,bedrijf,inschrijfdatum,bedrag,status,iban,ip_adres,product',
  pl: 'nr_klienta,imię,nazwisko,imię i nazwisko,adres,kod pocztowy,miejscowość,telefon,adres e-mail,data urodzenia,płeć,firma,data rejestracji,kwota,status,nr konta iban,adres ip,produkt',
  sv: 'kundnr,förnamn,efternamn,kontaktperson,gatuadress,postnr,ort,mobilnummer,e-postadress,födelsedatum,kön,företag,registreringsdatum,belopp,status,iban,ip-adress,produkt',
  tr: 'müşteri_no,ad,soyad,ad soyad,adres,posta kodu,şehir,cep telefonu,e-posta,doğum tarihi,cinsiyet,şirket,kayıt tarihi,tutar,durum,iban,ip adresi,ürün',
  ko: '고객번호,이름,성,성명,주소,우편번호,도시,휴대폰번호,이메일,생년월일,성별,회사명,가입일,금액,등급,iban,아이피,상품명',
  zh_CN:
    '客户编号,名字,姓氏,客户姓名,地址,邮编,城市,手机号码,邮箱,出生日期,性别,公司名称,注册日期,金额,等级,iban,ip地址,产品',
  pt_PT:
    'id_cliente,primeiro_nome,apelido,nome_completo,morada,codigo_postal,localidade,telemóvel,correio_eletronico,data_nascimento,genero,empresa,data_registo,valor,estado_conta,iban,endereco_ip,produto',
  cs_CZ:
    'číslo zákazníka,jméno,příjmení,celé jméno,ulice,PSČ,město,mobil,e-mail,datum narození,pohlaví,společnost,datum registrace,částka,stav,iban,ip,produkt',
  ru: 'номер клиента,имя,фамилия,ФИО,адрес,почтовый индекс,город,телефон,эл. почта,дата рождения,пол,компания,дата регистрации,сумма,статус,iban,ip,продукт',
  hu: 'ügyfélszám,keresztnév,vezetéknév,teljes név,lakcím,irányítószám,város,telefonszám,e-mail cím,születési dátum,nem,cég,regisztráció,összeg,státusz,iban,ip,termék',
  fi: 'asiakasnumero,etunimi,sukunimi,koko nimi,katuosoite,postinumero,kaupunki,puhelin,sähköposti,syntymäaika,sukupuoli,yritys,päivämäärä,summa,tila,iban,ip,tuote',
  ro: 'cod client,prenume,nume,nume complet,adresa,cod poștal,oraș,număr telefon,email,data nașterii,sex,companie,data,suma,stare,iban,ip,produs',
  ja: '顧客番号,名,姓,氏名,住所,郵便番号,市区町村,電話番号,メールアドレス,生年月日,性別,会社名,登録日,金額,区分,iban,ipアドレス,商品',
  de: 'Kd-Nr,Vorname,Nachname,Ansprechpartner,Straße,PLZ,Ort,Telefon,E-Mail,Geb.-Datum,Anrede,Firma,Anlagedatum,Umsatz,Typ,IBAN,IP,Artikel',
  es: 'num_cliente,nombre,apellidos,titular,dirección,cod_postal,población,teléfono móvil,correo electrónico,fec_nac,sexo,empresa,fecha_alta,importe,estado,iban,ip,artículo',
  da: 'kundenr,fornavn,efternavn,fulde navn,adresse,postnr,by,tlf,e-mail,fødselsdato,køn,virksomhed,oprettet,beløb,status,iban,ip,vare',
  nb_NO:
    'kundenr,fornavn,etternavn,kontakt,gateadresse,postnummer,poststed,mobil,epost,fødselsdato,kjønn,firma,registrert,beløp,status,iban,ip,vare',
  el: 'κωδικός πελάτη,όνομα,επώνυμο,ονοματεπώνυμο,διεύθυνση,ΤΚ,πόλη,τηλέφωνο,email,ημερομηνία γέννησης,φύλο,εταιρεία,ημερομηνία,ποσό,κατάσταση,iban,ip,προϊόν',
  uk: "номер клієнта,ім'я,прізвище,ПІБ,адреса,поштовий індекс,місто,телефон,пошта,дата народження,стать,компанія,дата,сума,статус,iban,ip,товар",
  en_IN:
    'cust_id,fname,lname,customer,addr1,pincode,town,mob_no,email_id,dob,gender,company,created,amt,tier,iban,ip,product',
};

export const inventedTypes: readonly string[] =
  'person_id,first_name,last_name,full_name,street_address,postal_code,city,phone,email,date_of_birth,gender,organization,date,amount,category,iban,ip_address,product'.split(
    ',',
  );
