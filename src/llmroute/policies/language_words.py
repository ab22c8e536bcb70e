"""The commonest small words of languages that share a script, and letters that few of them have."""
# ruff: noqa: RUF001 - letters that look like others are meant

from __future__ import annotations

# fmt: off
WORDS: dict[str, str] = {
    "en": "the of and to in is that it for was on are as with his they be at this have from or "
          "had by but not what all were we when your can said there use an each which she do "
          "how their if will about out then them these so some would like into has more could "
          "you i'm don't please my me why who where write explain any should does it's hello "
          "thanks tell give make been than its only",
    "de": "der die das und ist nicht ein eine einen einem einer zu den dem des mit sich auf für "
          "im auch es an werden aus er hat dass sie nach wird bei um am sind noch wie über so "
          "zum war haben nur oder aber vor zur bis mehr durch kann ich wir mein meine bitte "
          "warum wenn man was du ihr uns schreibe erkläre wurde unter gegen schon hallo gibt "
          "mir dir mich dich habe hast wo wer danke geht heute sein seine",
    "fr": "le la les de des du et est un une que qui dans pour pas sur au aux avec ce cette ces "
          "il elle ne se en plus par son sa ses mais ou où nous vous ils je mon ma mes être "
          "fait sont leur si tout comme était même aussi pourquoi quoi quel quelle peux d'un "
          "d'une c'est qu'il j'ai n'est écris explique très sans entre moi bonjour comment "
          "quand donne fais tu ton ta te merci écrire",
    "es": "el la los las de que y en un una por con para es no se lo su al del como más pero "
          "sus le ya o este sí porque esta entre cuando muy sin sobre también me hasta hay "
          "donde quien desde todo nos durante todos uno les ni contra otros ese eso ante ellos "
          "mi qué cómo cuál puedes escribe explica son está fue yo tú hola dónde cuándo dame "
          "haz gracias tengo puede escríbeme cuánto",
    "pt": "o a os as de que e do da em um uma para é com não por mais dos das no na nos nas se "
          "foi como mas ao ele ela seu sua ou quando muito há já está eu também só pelo pela "
          "até isso entre era depois sem mesmo aos ter seus quem me esse eles você são uns numa "
          "escreva explique meu minha qual porque olá onde faça obrigado posso pode sobre",
    "it": "il lo la i gli le di che e è un una uno in per non con del della dei delle degli da "
          "al alla si sono come più ma anche nel nella questo questa se ha ho mi ci cui su dal "
          "dalla perché quando molto quale essere stato chi cosa io tu noi suo sua mio mia "
          "scrivi spiega puoi tra loro era dell'arte l'ha c'è così sia ciao dove dammi fai "
          "grazie posso sulla quanto",
    "nl": "de het een en van ik te dat die in is niet zijn op aan met als voor er maar om hem "
          "dan zou of wat mijn men dit zo door over ze zich bij ook tot je mij uit der daar "
          "naar heb hoe heeft hebben deze want nog zal waarom wij ons geen worden wordt kan "
          "kunnen schrijf leg jouw welke moet was werd u hallo waar wanneer geef maak bedankt "
          "jij ben bent",
    "sv": "och att det i som en på är av för med den till inte om ett han var jag men de sig "
          "har så vi kan du från hon nu när eller också detta vad hur skulle mycket ska varför "
          "mig min mitt din där bara efter vid några utan alla skriv förklara blir finns mellan "
          "dem hej tack vill kunde gör sina vilken",
    "da": "og at det i er en til på som med af den for ikke der et var jeg men de han har vi "
          "kan du fra hun nu når eller også dette hvad hvordan skulle meget skal hvorfor mig "
          "min mit din kun efter ved nogle uden alle skriv forklar bliver findes mellem dem sig "
          "blev hvor noget være været hej tak vil kunne gør sine hvilken nogen",
    "no": "og at det i er en til på som med av den for ikke der et var jeg men de han har vi "
          "kan du fra hun nå når eller også dette hva hvordan skulle mye skal hvorfor meg min "
          "mitt din bare etter ved noen uten alle skriv forklar blir finnes mellom dem seg ble "
          "hvor noe være vært hei takk vil kunne gjør sine hvilken",
    "fi": "ja on ei se että hän oli mutta joka kun niin ovat tai myös kuin minä sinä me te he "
          "tämä nyt vain jos ole mikä miten miksi voi sen hyvin sitä olen mitä siitä ollut jo "
          "sekä kirjoita selitä jotka kaikki mukaan jälkeen ennen kanssa minun sinun",
    "pl": "w i na z że się nie do to jest o jak ale po co tak za od czy przez są był było dla "
          "już tylko może ich jego ten ta te być ma przy jako który która które oraz bardzo ja "
          "mnie dlaczego jeśli gdy napisz wyjaśnij mój moje proszę można lub u pod nad bez "
          "cześć gdzie kiedy dziękuję mogę",
    "cs": "a se v na je že to s z do o i jako ale po si za by od jsem jeho který která které pro "
          "tak při jsou byl byla bylo však než podle nebo ve už jen má jak mezi může také co "
          "proč když této tento napiš vysvětli můj moje prosím není k u pod bez",
    "sk": "a sa v na je že to s z do o aj ako ale po si za by od som jeho ktorý ktorá ktoré pre "
          "tak pri sú bol bola bolo však než podľa alebo vo už len má medzi môže tiež čo prečo "
          "keď táto tento napíš vysvetli môj moje prosím nie k u pod bez",
    "hu": "a az és hogy nem is egy ez meg de ha csak már van vagy mint volt el még azt ki mert "
          "után szerint lehet lesz minden amely nagyon hogyan miért én te ő mi kell nincs ezt "
          "írj magyarázd mit milyen között által pedig ami ezek azok",
    "ro": "și în de la a că nu o este un pe cu din pentru mai care să se au sunt fi dar ca sau "
          "al ale lui fost prin am era după această acest între ei foarte cum ce când unde eu "
          "scrie explică mea meu dacă nici le îl îi către fără",
    "tr": "ve bir bu da de için ile ne çok daha olarak gibi o ben var mı mi kadar sonra ama "
          "değil en her olan ya şu nasıl neden ki olduğu yok biz sen bana bunu göre ise önce "
          "hangi yaz açıkla lütfen benim veya şey kendi tarafından zaman iyi merhaba nerede "
          "teşekkürler bunun",
    "vi": "và của là có không được cho một các những trong với người này để đã khi tôi như "
          "đến về từ ra cũng thì vào bạn hãy sẽ tại nhiều làm gì sao nào rất lại nếu hơn phải "
          "mà năm việc",
    "id": "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke karena ada "
          "bisa adalah atau oleh kami kita sudah anda mereka lebih telah seperti apa bagaimana "
          "mengapa dapat tulis jelaskan tolong tentang hanya bukan sangat secara antara",
    "ca": "el la els les de que i en un una per amb és no es del al com més però seu seva "
          "aquest aquesta són també o què quan molt on perquè sense sobre entre hi ha fer va "
          "ser als dels meu meva escriu explica si està tots",
    "ru": "и в не на я что он с как это по но они мы она так его за из от то все же у вы к о бы "
          "был была было для до если или уже только ещё еще когда мне меня нет при очень где "
          "чтобы почему напиши объясни какой может быть который которые пожалуйста со привет "
          "дай сделай спасибо мои",
    "uk": "і в не на я що він з як це по але вони ми вона так його за із від то все у ви до б "
          "був була було для якщо або вже тільки ще коли мені мене немає при дуже де щоб чому "
          "напиши поясни який може бути яка які та й є цей будь ласка привіт дай зроби дякую "
          "мої",
    "bg": "и в не на аз че той с как това по но те ние тя така го за от то все у вие до би беше "
          "е са съм да се си или вече само още когато мен няма при много къде защо напиши "
          "обясни какъв може който която които ще със като във здравей ми благодаря моля какво "
          "стихотворение",
    "sr": "и у не на ја да он са као то по али они ми она тако га за из од све је су се био "
          "била било до ако или већ само још када мени нема при веома где зашто напиши "
          "објасни који која које може бити сам шта овај",
    "be": "і ў не на я што ён з як гэта па але яны мы яна так яго за ад то ўсё у вы да быў "
          "была было для калі або ўжо толькі яшчэ мне няма пры вельмі дзе каб чаму напішы "
          "растлумач які можа быць якая якія ці",
    "mk": "и во не на јас дека тој со како ова по но тие ние таа така го за од сè сите е се "
          "сум да или веќе само уште кога нема при многу каде зошто напиши објасни кој која "
          "кои може бидат што ќе",
}
LETTERS: dict[str, tuple[str, ...]] = {
    "ß": ("de",), "ñ": ("es",), "¿": ("es",), "¡": ("es",), "ã": ("pt",), "õ": ("pt",),
    "œ": ("fr",), "ł": ("pl",), "ą": ("pl",), "ę": ("pl",), "ż": ("pl",), "ś": ("pl",),
    "ő": ("hu",), "ű": ("hu",), "ř": ("cs",), "ě": ("cs",), "ů": ("cs",), "ľ": ("sk",),
    "ĺ": ("sk",), "ŕ": ("sk",), "ô": ("sk", "fr", "pt", "vi"), "ğ": ("tr",), "ı": ("tr",),
    "ț": ("ro",), "ș": ("ro",), "ă": ("ro", "vi"), "å": ("sv", "da", "no"), "ø": ("da", "no"),
    "æ": ("da", "no"), "đ": ("vi",), "ơ": ("vi",), "ư": ("vi",), "ạ": ("vi",), "ế": ("vi",),
    "ể": ("vi",), "ộ": ("vi",), "ả": ("vi",), "l·l": ("ca",), "ò": ("it", "ca"), "ù": ("it", "fr"),
    "ы": ("ru", "be"), "э": ("ru", "be"), "ё": ("ru", "be"),
    "ї": ("uk",), "є": ("uk",), "ґ": ("uk",), "і": ("uk", "be"), "ў": ("be",), "ъ": ("bg", "ru"),
    "ђ": ("sr",), "ћ": ("sr",), "ј": ("sr", "mk"), "љ": ("sr", "mk"), "њ": ("sr", "mk"),
    "џ": ("sr", "mk"), "ѓ": ("mk",), "ќ": ("mk",), "ѕ": ("mk",),
}
# fmt: on
