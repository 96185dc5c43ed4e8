import { cryptoAddresses } from './addresses.ts';
import { contacts } from './contacts.ts';
import { balticAndEasternEurope } from './countries/baltic-and-eastern-europe.ts';
import { benelux } from './countries/benelux.ts';
import { brazil } from './countries/brazil.ts';
import { centralEurope } from './countries/central-europe.ts';
import { eastAsia } from './countries/east-asia.ts';
import { france } from './countries/france.ts';
import { germany } from './countries/germany.ts';
import { iberia } from './countries/iberia.ts';
import { india } from './countries/india.ts';
import { international } from './countries/international.ts';
import { italy } from './countries/italy.ts';
import { latinAmerica } from './countries/latin-america.ts';
import { middleEastAndAfrica } from './countries/middle-east-and-africa.ts';
import { nordic } from './countries/nordic.ts';
import { oceaniaAndCanada } from './countries/oceania-and-canada.ts';
import { poland } from './countries/poland.ts';
import { southAndSouthEastAsia } from './countries/south-and-south-east-asia.ts';
import { southEastEurope } from './countries/south-east-europe.ts';
import { unitedKingdomAndIreland } from './countries/united-kingdom-and-ireland.ts';
import { unitedStates } from './countries/united-states.ts';
import type { Definition } from './definition.ts';
import { network } from './network.ts';
import { urls } from './urls.ts';
import { written } from './written.ts';

/** Every kind, in the order in which documents list them. */
export const definitions: readonly Definition[] = [
  ...contacts,
  ...network,
  ...urls,
  ...cryptoAddresses,
  ...international,
  ...written,
  ...unitedStates,
  ...oceaniaAndCanada,
  ...unitedKingdomAndIreland,
  ...germany,
  ...centralEurope,
  ...france,
  ...benelux,
  ...italy,
  ...iberia,
  ...nordic,
  ...poland,
  ...balticAndEasternEurope,
  ...southEastEurope,
  ...brazil,
  ...latinAmerica,
  ...india,
  ...southAndSouthEastAsia,
  ...eastAsia,
  ...middleEastAndAfrica,
];
