import { describe, expect, it } from 'vitest';
import { readColumnName } from '../../../src/detection/columns/index.ts';

describe('readColumnName', () => {
  it.each([
    ['fname', 'first_name'],
    ['custLastName', 'last_name'],
    ['DATE_OF_BIRTH', 'date_of_birth'],
    ['cust_tel_2', 'phone'],
    ['addr1', 'address'],
    ['Rechnungsadresse', 'street_address'],
    ['Geb.-Datum', 'date_of_birth'],
    ['Kd-Nr', 'person_id'],
    ['fecha de nacimiento', 'date_of_birth'],
    ['Código Postal', 'postal_code'],
    ['endereço', 'address'],
    ['N° téléphone portable', 'phone'],
    ['codice fiscale', 'national_id'],
    ['adres e-mail', 'email'],
    ['förnamn', 'first_name'],
    ['doğum tarihi', 'date_of_birth'],
    ['Дата рождения', 'date_of_birth'],
    ['氏名（カナ）', 'full_name'],
    ['住所', 'address'],
    ['手机号码', 'phone'],
    ['주민등록번호', 'national_id'],
    ['company_name', 'organization'],
    ['ip_address', 'ip_address'],
    ['Email Address', 'email'],
    ['الاسم الأول', 'first_name'],
    ['رقم الهاتف', 'phone'],
    ['کد ملی', 'national_id'],
    ['תעודת זהות', 'national_id'],
    ['שם פרטי', 'first_name'],
    ['জন্ম তারিখ', 'date_of_birth'],
    ['vardas pavardė', 'full_name'],
    ['ime in priimek', 'full_name'],
    ['dzimšanas datums', 'date_of_birth'],
    ['pašto kodas', 'postal_code'],
    ['ngày sinh', 'date_of_birth'],
    ['รหัสไปรษณีย์', 'postal_code'],
    ['n° client', 'person_id'],
  ])('reads %s as %s', (name, type) => {
    expect(readColumnName(name)).toMatchObject({ type });
  });

  it.each(['email_verified', 'PhoneService', 'server name', 'file_name', 'address_type', 'email count'])(
    'knows that %s is about something else',
    (name) => {
      expect(readColumnName(name)).toMatchObject({ about: true });
    },
  );

  it.each(['V1', 'x', 'foo_bar', '2024', ''])('has nothing to say of %j', (name) => {
    expect(readColumnName(name).type).toBeUndefined();
  });
});
