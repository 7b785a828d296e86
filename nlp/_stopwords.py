"""Words that are never what a text is about, French and English, compared folded."""

from __future__ import annotations

from functools import cache

from nlp import _text, _vader_french
from nlp._vader_english import tables

_FRENCH = """
a ai aie ait ah alors apres as assez au aucun aucune aujourd hui auquel aussi autant autre autres
aux avaient avais avait avant avec avez avoir avons ayant beaucoup bien bref ca car ce ceci cela
celle celles celui cent cependant certain certaine certaines certains ces cet cette ceux chacun
chaque chez chose choses ci cinq comme comment contre coup cours d dans de debut deja depuis
derniere dernier des desormais dessous dessus deux devant devoir dire dis disent dit dite dites
dix doit doivent donc donne donner dont du durant elle elles en encore enfin ensuite entre envers
environ es est et etaient etais etait etant ete etes etre eu eux fait faire fais faisait fait
faite faites fallait falloir faut fois font francs genre gens grand grande grandes grands gros
hein heure heures hier hors ici il ils ingt j jamais jour jours jusqu jusque juste l la laquelle
laisse le lequel les lesquelles lesquels leur leurs loin lors lorsque lui m ma maintenant mais
malgre manière me meme memes mes met mettre mien mieux mis mise moi moins mois mon monde mot n ne
ni niveau nom nombreux non nos notre nous nouveau nouveaux nouvelle nouvelles nul o on ont ou oui
outre par parce parfois parle parler part partie partir partout pas passe passer pendant pense
penser personne petit petite petites petits peu peut peuvent peux plus plusieurs plutot point
possible pour pourquoi pourrait pourtant pouvait pouvez pouvoir pouvons premier premiere prend
prendre prends presque pris puis puisque qu quand quant que quel quelle quelles quelque quelques
quels qui quoi rapport reste rester rien s sa sais sait sans savoir se sera serait seront ses seul
seule si sien sinon six soi soient soir sois soit sommes son sont sorte souvent suis suite suivant
sujet sur t ta tant te tel telle tellement telles tels tenir tes tiens toi ton toujours tous tout
toute toutes travers tres trois trop trouve trouver tu un une va vais vas venir vers veulent veut
veux via vient voici voila voir vois voit voient vont vos votre voulais voulait vouloir voulu vous
vraiment vu y an ans annee annees semaine semaines matin midi minute minutes demande demander
niveau super hyper ultra lol mdr rt cc pr ds ke ki jsuis jai cest javais etc svp stp merci bonjour
bonsoir salut allez aller alle etait ete aurait auraient aurais serais serait avais faudrait
devrait devraient devais devait arrive arriver arrivee quelqu aime adore deteste recommande
conseille eviter fuir retourner retournerai reviendrai revenir attendre attendu appelle appeler
appele repond repondre reponse utilise utiliser mettre regarder regarde lire lu vue passe passé
moment fin cote place lieu point chose truc trucs facon maniere besoin envie peine cas effet
ensemble actuellement simplement seulement notamment egalement surtout absolument totalement
completement franchement clairement forcement finalement malheureusement heureusement tellement
plein moyen bon bonne bons bonnes mauvais mauvaise beau belle meilleur meilleure pire vrai vraie
"""
_ENGLISH = """
a about above across after again against ago all almost alone along already also although always
am among an and another any anybody anyone anything anyway are aren around as ask asked at away
back be became because become been before behind being below best better between big both but by
call called came can cannot cant come comes coming could couldn d day days did didn do does doesn
doing don done dont down during each either else end enough even ever every everybody everyone
everything far feel few find first for found four from full further gave get gets getting give
given gives go goes going gone gonna good got great guy guys had has hasn have haven having he
hello her here hers herself hi high him himself his hour hours how however i if im in into is isn
it its itself ive just keep keeps kept kind know knew known knows last late later least left less
let lets like likely little ll long look looking looks lot lots love m made main make makes making
man many may maybe me mean might mine minute minutes month months more most much must my myself
near need needed needs never new next nice no nobody non none nor not nothing now of off often oh
ok okay old omg on once one ones only onto or other others our ours out over own part people per
perhaps please plus point possible probably put quite rather re really right rt s said same saw
say saying says second see seem seemed seems seen sent set several shall she should shouldn show
side simply since small so some somebody someone something sometimes somewhere soon sorry start
started still stop such sure t take taken takes taking talk tell than thank thanks that thats the
their them themselves then there theres these they thing things think this those though thought
three through time times to today together told tomorrow tonight too took toward tried tries true
try trying turn two u under until up upon ur us use used uses using ve very via wanna want wanted
wants was wasn way we week weeks well went were weren what whatever when where whether which while
who whole whom whose why will with within without won work worked working works would wouldn wow x
yeah year years yes yesterday yet you your yours yourself lol lmao wtf idk pls plz amp http https
gt lt app's id isnt doesnt didnt wont youre theyre hes shes ya
"""


@cache
def stopwords(language: str) -> frozenset[str]:
    """Return folded stop words of ``fr`` or ``en``, words of pure feeling among them."""
    if language == "fr":
        felt = {word for word, (_, part) in _vader_french.lexicon().words.items() if part != "n"}
        return frozenset(map(_text.fold, _FRENCH.split())) | frozenset(map(_text.fold, felt))
    return frozenset(_ENGLISH.split()) | frozenset(map(_text.fold, tables().lexicon))
