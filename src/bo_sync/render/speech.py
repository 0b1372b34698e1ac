"""The words in lower case of which our sentences are made: whoever is called so is not met in them.

Written by `make goldens`, from the code; a test says which are missing.
"""

from typing import Final

_WORDS: Final = """
able about above absent accept accepted accepts access accidents account accounts act action acts actual add added
address addressed addresses adds administrative after afterwards again against agree alias all allow allowed allows
alone already also altered always ambiguous among an anchor and anew annotated annotations announces another answer
answered answering answers any anybody anyone anything apart api appears applied applies apply approval approve are
area around as ask asked asking asks at attempted attention authorities authority away back backoffice backslashes bare
base basis be became because become becomes before begin begun belongs below beside between beyond block blocked blocks
bo body both branch break bring brings broke built bundle business but buy by byte bytes calendar called calls came can
cannot canonical cap catalogue cause cells certain certificate change changed changes changing character characters
check checked checks chmod choose chosen circle clear click client clone closed closes code codes column come command
commands comment comments commit compare compared compares complains completes completion concurrency conditional
conditions config configuration confirmed connecting connection consider contact content contradicts control copied
copy correct could count counted counts create created creates creations credentials customer customers cut dashes data
date dates day days decided deeply default defect definition definitions delete deleted deletes deletion delicate
demands demonstration denies deprecated depth describes detailed details device dict did diff differ difference
different differs digest digit digits directive directory disk do doctor document does domain done dots double drift
drifted drop duplicate duplicates each earlier edit editing editor editors edits effect either else email embedded
empty encoding end ended endpoint ends enough entries entry environment environments equal error errors escalation
escape event every everybody everything everywhere exactly example exceeds except excepted exception exceptions excepts
exist exists exit exitcode expected expire expired expires explains extend extra fail failed fails failure false far
fate fetch few fewer field fields file files filter find finding findings finds finished first fit fits fix flight
floor folder follow followed follows for forge fork form format formats formatted found four fraction fragment free
from fsck full further gained gains gateway gave get gets git github gitlab give given gives glob go goes gone grant
granted grants growth guard guardrail guardrails guards guess guesses had hand handle happened harm has hashes have
head held help here hexadecimal hidden hint history hold holds home host how http https hub id identities identity if
ignore in include including indent indentation init inside install instead int intent interrupted into introspection
invalid invisible invitation invite invited is issue issues it item items its itself job joined joins journal journals
judged just keep keeps kept key keys killed kind know known knows lacks laid language large larger largest last later
latest leads least leave leaves left length less let lets letter letters level levels like limit line lines link list
listed listing lists live local lock locked locks log login logs long longer look looks loosened lose loses loss losses
lost lower lowered lowest machine made mail make makes malformed manage managed management manages mapping maps
markdown marker masked match matches may maybe mean meant meanwhile mend menu merge message minimum missing mode module
modules moment more most move moved must mutation mutations name named names nearly need needs neither nested network
never new newer newest newly next nl no nobody none nor not note notes nothing noticed now null number numeric object
objection objects of off offline ok old older on once one ones only open opened opening opens operation operations
option or order organisation origin other others our ours out outcome outcomes output over own owner owners ownership
owns page part partly pass passed passes password passwords past path paths pattern pending people percent permissions
person phone pickled pin ping pip pipe pipeline pipelines place places plain plan plans platform please policies policy
port possibly present preset presets price pricing prints probe problems process profile profiles prog project prolong
protect protected protects proxy pseudonyms pull purchases push put query question questions quote quotes raise raises
ran rate reached read readers reading reads reason redact redirect ref refetch refname refresh refs refusal refuse
refused refuses regular relative remains remote removal remove removed rename renamed report reported repository
request requests reset resolved rest restore result results reviewed reviewer revision revisions revoke revoked
revoking right role roles room root row rows rule rules run running runs said same sandbox save saved say says scanning
schema scheme scope second secret see seed seems seen selects send sends sent seq session set sets settings several
severity shallow shaped shell shorten shorter should show shown shows side sides signs since single size skipped
smaller so some somebody something soon sooner sort sound source space spaces spell split stale stand standard stands
start started starts state states stay stays step steps still stopped stored stores str stream sub submodule success
such summary superseded supported surplus switched symbolic sync system tab table tables tag tags take taken takes tell
tells tenant text than that the their theirs them themselves then there these they thing this those though time times
timezone tip title to today token tokens told too took tool top torn touched tracker tree trials tries true trust
trusted try tuple twice two type typed types uid unannotated uncertain unchanged uncommitted unconfirmed undefined
under unexpected unknown unless unmanaged unset unshallow until unused up update updated updates url us usable usage
use user users uses usually valid validate value values variable variables verbose version very viewer wait wants
warning warnings was way we weakened weaker weight were what whatever when where whether which while white who whoever
whole whom whose why will wins with within without word words work workflows working works worse worth would write
writes writing written wrong wrote xml xn yes yet you younger your zone
"""
SPEECH: Final = frozenset(_WORDS.split())
