/*
 * Words that programs write of themselves. Given names are left out where programs can do without the word (`max` stays).
 */
const verbs = `abort accept access acknowledge acquire activate adapt add adjust admit advance agree alert allocate allow announce
answer append apply archive arrive ask assign assume attach attempt authenticate authorize await back balance begin bind block bounce
broadcast build cache calculate call cancel capture catch change charge check choose claim clean clear click clone close collect
commit compare compile complete compress compute configure confirm connect consume contain continue convert copy correct corrupt
count crash create debug decline decode decrease decrypt defer define degrade delay delete deliver demote deny deploy deprecate
deregister describe deserialize destroy detach detect determine disable disallow discard disconnect discover dismount dispatch display
divide download drain drop dump duplicate elect emit empty enable encode encounter encrypt end enqueue ensure enter establish evaluate
evict exceed exchange exclude execute exhaust exist exit expect expire explain export extend extract fail fall fault fetch fill filter
find finish fire fix flush follow force format forward free generate get give group grow guess halt handle hang hash help hit hold
identify ignore import improve include increase index inform initialize initiate insert inspect install interrupt invalidate invoke
issue join jump keep kill know launch lead leave limit link list listen load locate lock log login lookup lose maintain make manage
map match merge migrate miss modify monitor mount move navigate need negotiate notify observe obtain occur offer open operate order
overflow override overwrite own pair parse partition pass patch pause pay peer perform persist pick ping pin place poll pop post
predict prepare present preserve prevent print probe process produce promote prompt protect provide provision proxy prune publish pull
purge push put query queue raise reach react read rebalance reboot rebuild receive recognize reconcile reconnect record recover
recreate recycle redeliver redirect reduce refer refresh refund refuse register reject relay release reload remain remember remount
remove rename render renew repair repeat replace replay replicate reply report request require reschedule reserve reset resend
resize resolve respond restart restore result resume retire retrieve retry return reuse reverse revert revoke rewrite roll rotate
route run sample save scale scan schedule score search see select send separate serialize serve set settle share shift ship show shut
sign skip sleep slow sort spawn specify spend split start state stay stop store stream submit subscribe succeed supply support
suspend swap switch synchronize sync take terminate test throttle throw touch trace track train transfer transform transition
translate transmit trigger trim trip truncate trust try tune unblock understand undo uninstall unload unlock unmount unregister
unsubscribe update upgrade upload use validate vary verify view violate visit wait wake want warm warn watch work wrap write`;

const nouns = `account ack action actor adapter address agent alarm algorithm alias amount api app application area argument array
arrival artifact asset assertion attribute audit authentication authority authorization availability average backend backlog backup
bandwidth bank bar base basket batch battery beat bit board body boot border bot bound branch breach breaker bridge broker browser bucket
budget buffer bug bulk bundle burst bus business button byte call callback candidate capability capacity card cart case cash catalog
category cause cell certificate chain channel character checkpoint checkout checksum child chunk circuit class client clock cluster code
collection collector column command comment committer communication company component compression concurrency condition configuration
conflict connection connector console constraint consumer container content context control controller cookie coordinator core cost
coupon country courier cpu crawler credential credit cron currency cursor customer cycle daemon dashboard data database dataset datanode
date deadline deadlock debit decision default definition delivery demand dependency depth descriptor destination detail detection
detector device diagnostic dictionary difference digest direction directory disk diskspace document domain driver duration edge element
endpoint engine entity entry environment epoch error estimate event exception execution executor expiration exporter expression extent
extension factor factory failover failure feature feed field file filesystem firewall firmware flag flow folder follower foreground
fraction fragment frame framework fraud frequency frontend function gap garbage gateway gauge gc generation generator graph group guard
guest handler handshake hardware header health heap heartbeat height hierarchy history home hook host hour http https icon identifier
identity image inbox incident info information initialization inode input instance instruction integer integrity interface interval
inventory invoice item iteration iterator job journal json kernel key keyspace label lag language latency layer layout leader lease
length level library license life line listener loader loan local location logger loop loss machine mail main maintenance manager
manifest mapping margin mask master maximum mean measure media medium member memory menu merchant message metadata method metric
middleware migration millisecond minimum minute mirror mode model module moment month mutex name namenode namespace network node note
notification number object offset operand operation operator option orchestrator origin outage outbox output overhead overload owner
package packet page parameter parent parser part participant party password path pattern payload payment peak performance period
permission phase pipe pipeline platform plugin point pointer policy pool port position precision prefix preference pressure price
primary principal priority privilege problem producer product profile program progress project property protocol provider publisher
purchase quantity queue quorum quota rate ratio reader readiness reason rebalancing receipt recipient recovery redis reference region
registration registry relation reminder remote replica replication repository resource response restriction resume retention revision
risk role root round router routine row rule runner runtime sale sandbox savepoint scheduler schema scope screen script sdk second section
sector security segment selector semaphore sender sensor sequence serial series server service session setting settlement shape shard
shell shipment shipping shutdown signal signature site size slot snapshot socket software source space span spec speed spool stack stage
standby startup statement statistic status step stock storage store strategy string structure subject submission subscriber
subscription subsystem suffix sum summary supervisor symbol synchronization syntax system table tag target task team temperature
template tenant term terminal text thread threshold ticket tier time timeline timeout timer timestamp timezone title token tool topic
topology total traffic transaction transport tree trend truncation tunnel type unit upstream downstream url usage user utility
utilization uuid validation validator value variable vault vector vendor verification version victim view violation volume vote
voter wakeup warehouse warning watchdog watcher web webhook week window wire workbook worker workflow workload workspace writer xml
yaml year zone`;

const others = `a about above absent abnormal abnormally active actual actually after again against ahead all alive almost already also
alternate although always am an and another any anymore anything are as at authenticated automatic automatically available away bad
be because been before behind being below better between beyond big bigger both broken busy but by can cannot capable clean cold
concurrent consecutive consistent corrupted critical current currently dead deep degraded different directly dirty disabled does done
down due duplicated during dynamic each earlier early either else emergency empty enough entire equal eventually every everything
exact exactly exclusive existing explicit extra false fast fatal few final finally first fixed for forbidden foreign found fresh from
full fully further global gone good gracefully greater had half happened hard has have healthy heavy here high higher highest hot how
however idle if illegal immediate immediately in inactive incoming incompatible incomplete inconsistent incorrect initial inner
insecure inside insufficient internal into invalid invisible is isolated it its just kept kind large larger last late later latest
least left less light likely little live lost low lower lowest made malformed manual many max maximal may maybe min minimal missing
more most much multiple must native near negative never new newer newest next no non none normal normally nor not nothing now null of off
offline often ok old older oldest on once one online only operational optional or original orphan orphaned other our out outer
outgoing outside over own parallel partial pending permanent permanently permissive persistent physical plain please possible possibly
potential pre previous previously private proper properly public quick quickly random rare rather raw ready reachable readable real
really recent recently recursive redundant regular related relative reliable remaining remote resident responsive retryable safe same
scheduled secondary secure self several severe short should similar simple since single slow slower slowly small smaller so soft some
something soon specific spent stable stale standard static still stopped strict strong stuck subsequent successful successfully such
sudden suddenly sufficient temporarily temporary than that the their them then there these they this those though three through thus
to together too took toward transient true twice two unable unavailable unauthorized unauthenticated unbalanced unchanged
unconfigured under undefined unexpected unexpectedly unhandled unhealthy unique unknown unlimited unless unnecessary unreachable
unreadable unrecognized unreliable unresponsive unsafe unset unsupported until untrusted unused unusual up upon upper usable usual
usually valid very via virtual visible waiting warm was we weak well went were what when where whether which while who whole why wide
with within without would wrong yes yet you your zero accepted acquired began begun bound broke brought built came caught chose
chosen fell found froze frozen gave given got gotten grew grown held hung kept knew known laid led left lost met paid ran reached
rejected run said seen sent served shown shut slept spoke stood taken thrown told took understood understands withdrawn wrote written
amqp apache arp ascii aws azure bash binary bios boolean bytes cgroup chown chmod cli cmd config cors cron css csv ctrl db dbus ddl
debian dhcp dir dns docker dom double dto eof epoll err errno exec ext fd fifo float fs ftp gid git gmt golang gpu graphql grpc gzip
hadoop hash hdfs hex html icmp id ids imap info init int io ioctl ip irq java javascript jdbc jms jndi jvm jwt kafka kb kernel
kubelet kubernetes lan ldap linux lru mac mb meta mongo mongodb msg mtu mutex mysql nan nfs nginx nic ntp num oauth oom openssl os
pam params pci pdf pid png pod postgres postgresql prod ptr python qps ram rdbms readonly regex repo req res rest rpc rsa saml sasl
scp sec sftp sha sigint sigkill sigsegv sigterm smtp snmp soap spark sql sqlite src ssd sse ssh sshd ssl stderr stdin stdout
subnet sudo svc syscall syslog systemd tcp tls tmp ttl tty udp ui uid unix usb utc utf util uuid vlan vm vpn wal websocket wifi
xid zookeeper auth preauth dest processor timed did admin anonymous identification logical drive special common architecture
break broken my coming based arg args stat power logname euid ruser rhost stratum ntpd syslogd klogd kerberos stepping datasource
unqualified non scsi acpi dma kbd ipc ro rw java net com org lang util sun javax`;

/** Names of people that the lists above would give, too. */
const names = [
  'mark',
  'bill',
  'grant',
  'rob',
  'chase',
  'frank',
  'may',
  'will',
  'jack',
  'pat',
  'drew',
  'dean',
  'page',
  'price',
];

/**
 * Words that findings may show. A message can hold anything that its sender did not tokenize, a name above all; what isn't
 * one of these words stays out of findings, however often it was seen.
 */
export const logWords: ReadonlySet<string> = vocabulary();

function vocabulary(): Set<string> {
  const words = new Set(split(others));
  for (const verb of split(verbs)) for (const form of verbForms(verb)) words.add(form);
  for (const noun of split(nouns)) for (const form of [noun, plural(noun)]) words.add(form);
  for (const name of names) words.delete(name);
  return words;
}

function split(text: string): string[] {
  return text.split(/\s+/);
}

function verbForms(verb: string): string[] {
  const doubled = /^(?:[a-z]*[^aeiou])?[aeiou][bdgklmnprt]$/.test(verb) ? [`${verb}${verb.at(-1)}`] : [];
  if (verb.endsWith('e')) return [verb, `${verb}s`, `${verb}d`, `${verb.slice(0, -1)}ing`];
  if (/[^aeiou]y$/.test(verb)) {
    const stem = verb.slice(0, -1);
    return [verb, `${stem}ies`, `${stem}ied`, `${verb}ing`];
  }
  return [verb, plural(verb), ...[verb, ...doubled].flatMap((stem) => [`${stem}ed`, `${stem}ing`])];
}

function plural(word: string): string {
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/.test(word) ? `${word}es` : `${word}s`;
}
