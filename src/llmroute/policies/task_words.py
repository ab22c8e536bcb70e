"""Words by which requests tell their task, in the ten most spoken languages and German.

A word with a star stands for all that begin with its first five letters. Words that belong together
are joined by an underscore. What they are listed under is shown as a signal.
"""

from __future__ import annotations

# fmt: off
WORDS: dict[str, str] = {
    "asks to write":
        "write draft compose create generate produce prepare make_a make_an give_me come_up "
        "escribe escribir redac* compon* crea prepara écris écrire rédige* rédiger prépare "
        "escreva escrever redija redigir crie schreib* verfas* erstel* entwi* verfasse напиши "
        "напишите состав* сочини придум* подго* 写 编 撰 写一 帮我写 लिखो लिखिए लिखें लिख "
        "लिखना बनाओ बनाइए اكتب أكتب اكتبي حرر লেখো লিখো লিখুন লেখ لکھیں لکھو لکھیے بنائیں "
        "plan list suggest",
    "asks to summarize":
        "summary* summarize summarise summarized summarizing summaries summarising synopsis "
        "recap tldr tl_dr condense digest gist nutshell takeaways overview highlights "
        "abstract sum_up sum_this boil_this key_points main_points main_ideas essentials "
        "outline in_short resume resumen resumir resumas resúm* síntesis ideas_principales "
        "puntos_clave résum* synth* l'essentiel points_clés essentiel resuma resumo síntese "
        "fasse_den fasse_die fasse_das zusammenfass* zusam* kurzfassung wichtigsten_punkte "
        "kernaussagen кратк* резюме суммар* основные_мысли главные_мысли изложи содержание "
        "пересказ 总结 摘要 概括 概述 归纳 要点 主要内容 总结一下 中心思想 简述 सारांश सार "
        "संक्षेप संक्षिप्त मुख्य_बिंदु لخص لخصي ملخص ملخصا تلخيص النقاط_الرئيسية باختصار সারাংশ "
        "সারমর্ম সংক্ষেপে মূল_বিষয় خلاصہ مختصر اہم_نکات",
    "asks to translate":
        "translate translate* translation translated translations translating localize "
        "interpret_this render_the how_do_you_say do_you_say into_english into_german "
        "into_french into_spanish to_english to_french to_german to_spanish in_japanese "
        "mean_in tradu* traduce traducir traduis traduire traduza traduzir cómo_se_dice "
        "se_dice comment_dit dit_on como_se_diz se_diz überset* übers* auf_englisch "
        "ins_englische auf_spanisch ins_französische перевед* перев* по_английски по_немецки "
        "на_английский 翻译 译成 译为 英译 怎么说 用英语 译文 अनुवाद अनुवाद_करो में_अनुवाद "
        "क्या_कहते ترجم ترجمة ترجمي بالإنجليزية بالألمانية كيف_أقول অনুবাদ ভাষায় তর্জমা ترجمہ "
        "traduci",
    "asks to rewrite":
        "rewrite rephrase reword paraphrase proofread polish reformulate rewor* rephr* parap* "
        "proof* simplify improve_the_wording edit_this edit_the correct_the please_correct "
        "grammar punctuation spelling tone wording tighten fix_the shorter clearer "
        "more_formal sounds sound_less sound_more friendlier british_spelling "
        "more_professional reads_better professional past_tense passive_voice plain_english "
        "restructure reescrib* reescribe reescr* corrige* corrig* ortografía reformul* refor* "
        "fautes améliore plus_poliment reescreva corrija gramática erros formuliere formul* "
        "korri* umschreib* höflicher rechtschreibung schreibe_um перефр* исправ* ошибки "
        "перепиши официальным улучши 改写 润色 修改 重写 语法 改为 病句 改成 纠正 替换 更正 "
        "错别字 换成 更正式 重新写 同义词 这句话 फिर_से गलतियाँ व्याकरण सुधारो ठीक_करो औपचारिक "
        "أعد_صياغة صياغة صحح الأخطاء আবার_লেখো বানান ভুল ঠিক_করো দوبارہ غلطیاں درست دوبارہ "
        "املا رسمی",
    "names a story or poem":
        "story stories poem poems poetry haiku limerick sonnet joke jokes lyrics song rap "
        "fairy tale novel fiction fantasy dialogue monologue parody fable myth script "
        "character plot villain roleplay role-play pretend imagine dungeon acrostic bedtime "
        "humorous verse narrator cuento poema poemas chiste canción historia novela relato "
        "poème histoire conte blague chanson conto piada história gedicht geschichte "
        "gutenachtgeschichte witz märchen lied erzähle erfinde рассказ стихотворение стих "
        "сказк* сказку анекдот повесть песню поэму 诗 诗歌 故事 小说 童话 笑话 歌词 科幻 剧本 "
        "一首 讲一 对联 扩写 扮演 情诗 寓言 续写 散文 कविता कहानी चुटकुला गीत قصة قصيدة نكتة "
        "حكاية কবিতা গল্প কৌতুক গান نظم کہانی غزل لطیفہ tell_me_a raconte cuéntame",
    "names a document":
        "email e-mail letter essay report post blog article speech press proposal agenda cv "
        "resignation newsletter tweet message invitation advert advertisement policy "
        "description linkedin bio complaint toast faq thesis itinerary note notes "
        "cover_letter lesson meal_plan packing_list instructions subject_lines announcement "
        "review memo slides presentation ideas correo carta ensayo artículo informe discurso "
        "courriel lettre dissertation discours rapport redação mensagem relatório artigo "
        "e-mails anschreiben brief aufsatz bericht rede bewerb* wochenplan письмо сочинение "
        "статью эссе план_урока отчёт доклад речь 邮件 作文 文章 报告 演讲 信 方案 策划 文案 "
        "评语 攻略 简历 新闻稿 一封 论文 短文 广告 计划 大纲 निबंध ईमेल पत्र आवेदन भाषण लेख "
        "رسالة مقالا مقال بريد تقرير خطاب আবেদনপত্র রচনা চিঠি প্রবন্ধ ইমেইল درخواست مضمون خط "
        "ای_میل",
    "asks to extract":
        "extract extracts extracting extracted extraction find_all list_every list_all "
        "pull_out pull_the copy_out parse collect output_only get_the named_entities "
        "mentioned entities keywords fields return_the as_json to_json into_json csv fill_in "
        "take_the action_items extrae extraer saca enumera menciona* mencionadas extrais "
        "extraire relève extraia liste_os extrair citadas extrahiere extrah* kommen_vor "
        "nenne_nur извлек* извле* выпиши найди_все 提取 抽取 找出 列出 निकालो निकालिए निकालें "
        "استخرج استخراج বের_করো খুঁজে نکالیں",
    "asks to classify":
        "classify class* categorize categorise category label labels sentiment tag spam "
        "positive negative neutral toxic genre duplicates rate urgent sarcastic detect "
        "determine_whether decide decide_whether true_or or_false yes_or supported contradict "
        "emotion intent fake is_the_following belong belong_to sort_the assign clasif* "
        "clasifica categoría positivo negativo sentimiento classe* catégorie positif négatif "
        "classifique categoria sentimento klassi* kategorie bewertung positiv negativ "
        "zuordnen ordne класс* классифицируй категории тональность отзыв положительный "
        "отрицательный спам 分类 归类 正面 负面 情感 类别 属于 判断 垃圾邮件 सकारात्मक "
        "नकारात्मक वर्गीकृत श्रेणी वर्गीकरण صنف تصنيف إيجابي سلبي ইতিবাচক নেতিবাচক শ্রেণির "
        "শ্রেণীবিভাগ মন্তব্যটি مثبت منفی درجہ_بندی",
    "asks to calculate":
        "solve calculate compute prove derivative determine_the_value integral integrate "
        "evaluate probability equation percent how_many how_much how_fast how_long "
        "simplify_the eigenvalues matrix prime triangle area perimeter radius sum_of "
        "remainder fraction average mean deviation interest converges factorial square_root "
        "step_by find_the determine many_ways km hours calcul* cuántos cuánto resuelve "
        "ecuación área calcula résous résoudre équation vitesse dérivée calcule combien "
        "quantos soma equação berec* beweise nullstellen wie_viel zins gleichung реши решите "
        "уравнение сколько вычисл* найди_производную докажи производную 计算 求 多少 方程 "
        "证明 等于 面积 函数 几个 概率 还剩 求解 解方程 公里 千米 平均 一共 每天 速度 体积 "
        "几何 微分 定理 元 分钟 कितने कितनी कितना हल समीकरण क्षेत्रफल احسب مساحة كم معادلة حل "
        "কত সমাধান ক্ষেত্রফল مساوات حل_کریں کتنی کتنے",
    "names programming":
        "python javascript typescript java rust c++ c# golang ruby php kotlin swift haskell "
        "bash shell sql mysql postgres postgresql regex flask django react css html "
        "dockerfile docker kubernetes kubectl commit compiler traceback nullpointerexception "
        "json_parser excel_formula numpy pandas thread-safe div flexbox makefile cmake query* "
        "linux npm pip matlab función código consulta_sql programa bucle fonction requête "
        "programme função funktion programm kompil* sql-statement функц* функцию код коде "
        "программу скрипт запрос 代码 函数 程序 编程 数据库 算法 正则 报错 脚本 实现 पायथन "
        "प्रोग्राम कोड फ़ंक्शन دالة كود بايثون الكود برنامج পাইথনে প্রোগ্রাম ফাংশন কোডটি কোড পাইথন "
        "پائتھن پروگرام کوڈ جاوا_اسکرپٹ",
    "speaks of software":
        "function class method query string array program script exception cache formula loop "
        "code undefined database algorithm excel compile bug debug implement implementation "
        "refactor refac* programming programs api unit_tests git",
    "asks a question":
        "what why who when where how which whose explain describe compare difference what_is "
        "what_are tell_me_about is_it according_to answer_the answer_this_question question "
        "in_which advantages meaning_of causes_of main_causes give_a_brief_explanation "
        "based_on pros capital history qué por_qué quién cuál cuándo dónde explica diferencia "
        "cómo pourquoi quoi qui quelle quel quand expliq* différence comment qual por_que "
        "quem onde explique como warum was wer wie wann wo welche erkläre unterschied почему "
        "кто что когда где какой какая зачем объясни 为什么 什么 谁 哪 如何 怎么 哪个 是什么 "
        "哪些 解释 介绍一下 请问 描述 说明 介绍 区别 回答 原因 吗 何时 哪里 分别 क्या क्यों कौन "
        "कहाँ कब कैसे समझाओ ما من لماذا متى أين كيف هل اشرح কী কে কেন কোথায় কখন কীভাবে ব্যাখ্যা "
        "کیا کیوں کون کہاں کب کیسے",
    "small talk":
        "hi hello hey thanks thank thank_you bye lol haha ok okay cool wow morning night "
        "how_are are_you what's_up bored lonely i_feel i'm_so my_day i_just sorry love_you "
        "nice_to talk_to_me yes no christmas sad tired nervous you're do_you_like "
        "do_you_have_feelings guess_what who_are_you are_you_a hola gracias estás adiós salut "
        "bonjour merci ça_va m'ennuie oi olá obrigado obrigada tudo_bem hallo danke tschüss "
        "wie_geht geht_es langweilig mir_ist привет спасибо как_дела грустно здравств* пока "
        "你好 谢谢 心情 怎么样 नमस्ते धन्यवाद कैसे_हैं मुझे_दुख مرحبا شكرا كيف_حالك حالك হ্যালো "
        "ধন্যবাদ কেমন السلام علیکم شکریہ کیا_حال",
    "names a language":
        "english french german spanish italian portuguese russian chinese mandarin japanese "
        "korean arabic hindi bengali urdu polish dutch swedish turkish latin greek inglés "
        "francés alemán español anglais français espagnol allemand inglês francês espanhol "
        "englisch englische französisch französische spanisch deutsch английский русский "
        "испанский немецки немецкий 英文 英语 中文 日语 法语 汉语 अंग्रेज़ी हिंदी फ्रेंच "
        "الإنجليزية الفرنسية ইংরেজিতে ইংরেজি বাংলা انگریزی اردو",
    "speaks of a text":
        "text sentence sentences paragraph passage following below above article document "
        "transcript thread chapter paper meeting conversation abstract texto frase párrafo "
        "texte phrase paragraphe parágrafo satz absatz protokoll vertrag текст предложение "
        "абзац статьи 句子 文本 下面 这段 以下 段落 वाक्य पाठ लेख निम्नलिखित النص الجملة الفقرة "
        "বাক্যটি লেখাটি অনুচ্ছেদ جملے متن تحریر مضمون",
    "names what to find":
        "names dates date emails addresses numbers phone amounts amount prices urls persons "
        "places people companies invoice ingredients total number_of nombres fechas correos "
        "noms números nomes beträge orte namen даты имена 人名 日期 地点 金额 तारीखें नाम "
        "الأسماء التواريخ তারিখ নাম نام تاریخیں",
}
# fmt: on
"""What words ask for, or name."""
