"""The words of a text, and those of a question that say what it is about."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from sync.search.analysis import STOP_WORDS, Language, analyse_question, words_of

# Words that shape a question, English and French; they name no subject.
_FILLERS = (
    "why how what when where which who whom whose pourquoi comment quand combien quoi qui que quel quelle quels "
    "quelles lequel laquelle est ce the of for from in on at by to with and or an il ils elle elles je tu nous "
    "vous on le la les un une des du de au aux et ou mais pour par dans sur avec sans pas ne plus son sa ses leur "
    "leurs mon ma mes notre nos votre vos se sont do does has have had been your my our their we you give show "
    "find donne donner montre montrer "
    "did can could should would will must may might shall was were been being am any some more most much many "
    "few else also too then so there here they them these those this that he she him her his hers its just only "
    "please thanks thank yes no ok okay tell say said explain mean means meant happen happens happened thing "
    "things case cases other others same example examples detail details reason reasons exactly really else "
    "instead again still already yet if but not than like get got know me us one ones let actually qu "
    "peut peux peuvent pouvons pouvez pourrait doit dois doivent devons devait faut faudrait fait faire fais "
    "font avons avez avait avaient etait etaient sera seront serait etre avoir ai as ete encore aussi alors "
    "ainsi donc sinon puis ensuite enfin exactement vraiment merci svp stp oui non dire dis dit explique "
    "expliquer signifie veut veux passe arrive chose choses cas autre autres meme memes exemple exemples "
    "raison raisons suite ca cela ceci celui celle ceux celles ici la lui eux elles tout tous toute toutes "
    "tres bien si ni car deja toujours jamais y en moi toi propos concerne concernant vers "
    "entre chez contre selon depuis apres avant into onto over under between after before during quid sujet "
    "lesquels lesquelles laquelle long longer take takes took next preciser elaborate clarify donc"
)


def folded(text: str) -> str:
    """The text without case and accents, each run of blanks one space."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).split())


def terms_of(text: str) -> list[str]:
    """What an answer is compared with a question by: the words of a text, in order, each by its stem.

    Question and passage may be in two languages that share names, so a word has one stem whatever it stands in: the
    shorter one of French and English. Stop words of either language have none.
    """
    return [_term(word) for word in words_of(text) if _is_word(folded(word))]


def content_words(text: str) -> tuple[str, ...]:
    """The words that say what a question is about, folded, in order, each once."""
    words = (folded(word) for word in words_of(text))
    return unique(word for word in words if _is_word(word) and word not in _SHAPING)


def unique(words: Iterable[str]) -> tuple[str, ...]:
    """The words in order, each once."""
    return tuple(dict.fromkeys(words))


def _is_word(word: str) -> bool:
    return (len(word) > 1 or word.isdigit()) and word not in _STOPPING


@lru_cache(maxsize=20_000)
def _term(word: str) -> str:
    stems = (stem for language in Language for stem in analyse_question(word, language)[-1:])
    return min(stems, key=len, default=word)


_STOPPING = frozenset(folded(word) for words in STOP_WORDS.values() for word in words)
_SHAPING = frozenset(_FILLERS.split())
