"""Languages are told by script and small words, or not at all."""

from __future__ import annotations

import sys

import pytest

from llmroute.policies.language import KNOWN, MOST_CHARACTERS, detect
from llmroute.policies.language_words import WORDS

# ruff: noqa: RUF001 - letters that look like others are meant
SAMPLE = {
    "en": "What is the best way to explain how a plane stays in the air when it is so heavy?",
    "de": "Warum ist der Himmel am Abend rot, und wie kann ich das einem Kind erklären?",
    "fr": "Pourquoi le ciel est-il rouge le soir, et comment est-ce que je peux l'expliquer ?",
    "es": "¿Por qué el cielo es rojo por la tarde y cómo se lo puedo explicar a un niño?",
    "pt": "Por que o céu é vermelho à tarde e como é que eu posso explicar isso a uma criança?",
    "it": "Perché il cielo è rosso di sera e come lo posso spiegare a un bambino di sei anni?",
    "nl": "Waarom is de lucht in de avond rood en hoe kan ik dat aan een kind van zes uitleggen?",
    "sv": "Varför är himlen röd på kvällen, och hur kan jag förklara det för ett barn?",
    "da": "Hvorfor er himlen rød om aftenen, og hvad kan jeg sige til mig selv, når nogen spørger?",
    "no": "Hvorfor er himmelen rød om kvelden, og hva kan jeg si når noen spør meg om det nå?",
    "fi": "Miksi taivas on illalla punainen, ja miten minä voin selittää sen lapselle?",
    "pl": "Dlaczego niebo jest wieczorem czerwone i jak mogę to wyjaśnić małemu dziecku?",
    "cs": "Proč je večer nebe červené a jak to mohu vysvětlit dítěti, které má šest let?",
    "sk": "Prečo je večer obloha červená a ako to môžem vysvetliť dieťaťu, ktoré má šesť rokov?",
    "hu": "Miért piros az ég este, és hogyan lehet ezt egy gyereknek elmagyarázni?",
    "ro": "De ce este cerul roșu seara și cum pot să îi explic asta unui copil de șase ani?",
    "tr": "Gökyüzü akşam neden kırmızı olur ve bunu bir çocuğa nasıl anlatabilirim?",
    "vi": "Tại sao bầu trời lại có màu đỏ vào buổi tối và làm thế nào để giải thích cho trẻ em?",
    "id": "Mengapa langit merah pada sore hari dan bagaimana saya bisa menjelaskan itu?",
    "ca": "Per què el cel és vermell al vespre i com ho puc explicar als nens amb una història?",
    "ru": "Почему вечером небо красное, и как мне объяснить это ребёнку, который ещё мал?",
    "uk": "Чому ввечері небо червоне, і як мені пояснити це дитині, якій шість років?",
    "bg": "Защо небето е червено вечер и как мога да обясня това на дете, което е малко?",
    "sr": "Зашто је небо увече црвено и како могу да објасним то детету које је мало?",
    "be": "Чаму ўвечары неба чырвонае, і як мне растлумачыць гэта дзіцяці?",
    "mk": "Зошто небото е црвено навечер и како можам да му објаснам на дете што е мало?",
    "el": "Γιατί ο ουρανός είναι κόκκινος το βράδυ;",
    "he": "למה השמיים אדומים בערב?",
    "ar": "لماذا تكون السماء حمراء في المساء؟",
    "fa": "چرا آسمان هنگام غروب قرمز است و چگونه می‌توانم آن را توضیح دهم؟",
    "ur": "شام کو آسمان سرخ کیوں ہوتا ہے اور میں یہ بچے کو کیسے سمجھاؤں؟",
    "hi": "शाम को आसमान लाल क्यों होता है?",
    "bn": "সন্ধ্যায় আকাশ লাল কেন?",
    "ta": "மாலையில் வானம் ஏன் சிவப்பாக இருக்கிறது?",
    "te": "సాయంత్రం ఆకాశం ఎందుకు ఎర్రగా ఉంటుంది?",
    "th": "ทำไมท้องฟ้าตอนเย็นจึงเป็นสีแดง",
    "ka": "რატომ არის ცა საღამოს წითელი?",
    "hy": "Ինչու՞ է երկինքը երեկոյան կարմիր",
    "ko": "저녁에 하늘이 왜 빨간가요?",
    "ja": "夕方の空はなぜ赤いのですか。",
    "zh": "为什么傍晚的天空是红色的？",
}
UNKNOWN = [
    "",
    "42",
    "?!",
    "GQA",
    "Berlin",
    "x = [i ** 2]",
    "def f(x): return x",
    "https://example.com/der/die/das",
    "`the of and to in is that`",
    "😀😀😀",
    "\x00\ud800",
]
SHORT = {
    "What is GQA?": "en",
    "Wie geht es dir?": "de",
    "Bonjour, comment vas-tu ?": "fr",
    "¿Dónde está la biblioteca?": "es",
    "今日は": "ja",
    "안녕": "ko",
    "東京都の天気": "ja",
    "你好": "zh",
    "Привет, как дела?": "ru",
}


@pytest.mark.parametrize("language", SAMPLE)
def test_a_question_in_each_language(language: str) -> None:
    """A question of some length is told right."""
    assert detect(SAMPLE[language]) == language
    assert detect(SAMPLE[language].upper()) in {language, None}
    assert language in KNOWN


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_is_in_no_language(text: str) -> None:
    """Names, numbers, code and addresses are in no language."""
    assert detect(text) is None


@pytest.mark.parametrize("text", SHORT)
def test_short_questions(text: str) -> None:
    """A few words are enough if they are small words of one language, or of its script."""
    assert detect(text) == SHORT[text]


def test_code_does_not_count() -> None:
    """The words around code have the language, however long the code is."""
    code = "```python\nfor the in that: print(what if not this)\n" + "is in of = the\n" * 40 + "```"
    assert detect(f"Was macht das, und warum ist es so langsam?\n{code}") == "de"


def test_a_long_text_is_read_in_part() -> None:
    """Only the beginning of a text is looked at, so that its length costs nothing."""
    german = SAMPLE["de"] + " "
    assert detect(german * (MOST_CHARACTERS // len(german) + 1) + SAMPLE["fr"] * 1000) == "de"


def test_the_words_are_no_mistake() -> None:
    """No language has a word twice, and each is written in small letters."""
    for language, words in WORDS.items():
        assert words == words.lower(), language
        assert len(words.split()) == len(set(words.split())), language


def test_only_a_route_that_asks_loads_the_words() -> None:
    """Without a route on a language nothing of this is loaded."""
    import subprocess

    program = """
import sys
from llmroute.policies.files import loads_policy
loads_policy('version = 1\\n[models.a]\\nuse = "openai/gpt-4"\\n[[route]]\\nuse = ["a"]\\n')
assert "llmroute.policies.language" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
