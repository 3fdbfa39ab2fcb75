"""What the bot says, in English and German: plain words, also for every refusal."""

from __future__ import annotations

from server.room.events import Language

# Commands that Telegram shows beside the field for writing.
COMMANDS: dict[Language, dict[str, str]] = {
    "en": {
        "rooms": "Choose a room",
        "mask": "Choose how you sound",
        "listen": "Hear the room here",
        "quiet": "Hours in which nothing comes",
        "stop": "Leave the room",
        "forget": "Take back everything you said",
        "start": "How this works",
    },
    "de": {
        "rooms": "Raum aussuchen",
        "mask": "Aussuchen, wie du klingst",
        "listen": "Den Raum hier hören",
        "quiet": "Stunden, in denen nichts kommt",
        "stop": "Raum verlassen",
        "forget": "Alles zurücknehmen, was du gesagt hast",
        "start": "Wie das hier geht",
    },
}

_EN = {
    "start": (
        "Send a voice message and it plays in a room full of strangers, under a made-up name.\n"
        "/rooms picks a room, /listen plays it here, /mask changes your voice, text is chat there.\n"
        "Nobody learns who you are: no name, no number, no account. /forget takes everything back."
    ),
    "rooms": "Where do you want to be heard?",
    "no_rooms": "No public room is open right now. Try again later.",
    "entered": "You are in “{room}” as {name}. Send a voice message: the first {seconds} seconds count.",
    "prompt": "They are playing right now: {prompt}",
    "agree": "Yes, let me in",
    "no_room": "Choose a room first: /rooms",
    "masks": "How do you want to sound? Now: {mask}.",
    "mask_on": "From now on you sound like this: {mask}.",
    "mask_off": "From now on you sound like yourself.",
    "bare": "yourself",
    "landed": "Your voice is in “{room}”.",
    "cut": "The first {seconds} seconds are in “{room}”. It takes no more at once.",
    "said": "Written in “{room}”.",
    "preview": "Listen first. Only you hear this so far.",
    "keep": "Let it in",
    "drop": "Throw it away",
    "dropped": "Gone. Nobody heard it.",
    "left": "You left. Nothing you send goes anywhere until you choose a room: /rooms",
    "forgot": "Everything you left is gone, and so is who you were here.",
    "nothing": "There is nothing here that I could take back.",
    "listens": "From now on you hear “{room}” here, clip by clip. /quiet leaves hours out, /stop ends it.",
    "machine": "🤖 {name} (a machine)",
    "whole": "{game}, all of it in one piece: {who}",
    "missed": "While it was quiet, {count} clips came. From here on they come again.",
    "missed_one": "While it was quiet, one clip came. From here on they come again.",
    "quiet": "When should nothing come that you did not ask for? Like this: /quiet 22-8. /quiet off ends it.",
    "quiet_clock": "What time is it where you are?",
    "quiet_on": "From {begin} to {end} only what you ask for comes. Your clock shows {clock}.",
    "quiet_off": "No quiet hours: what comes comes at once.",
    "forgot_some": "Not all of it could be taken back just now. Send /forget once more in a moment.",
    "turn": "{prompt}\nSend a voice message within {seconds} seconds.",
    "unknown": "I do not know this command. /start says what I can do.",
    "forwarded": "This was recorded elsewhere. Say it yourself, here.",
    "not_sound": "I can only use voice messages, round videos, audio files and text.",
    "gone_button": "This button is too old. Ask again.",
    "away": "Telegram did not give me this recording. Send it again.",
    "longer": "This is longer than {seconds} seconds. Say it shorter.",
    "bigger": "This file has more than {megabytes} MB. Send a voice message instead.",
    "mask.mouse": "mouse",
    "mask.giant": "giant",
    "mask.robot": "robot",
    "mask.whisper": "whisper",
    "mask.radio": "old radio",
    "mask.underwater": "underwater",
    "mask.alien": "alien",
    "mask.choir": "choir",
}
_DE = {
    "start": (
        "Schick eine Sprachnachricht, und sie läuft in einem Raum voller Fremder, unter erfundenem Namen.\n"
        "/rooms wählt den Raum, /listen spielt ihn hier, /mask ändert deine Stimme, Text kommt in den Chat.\n"
        "Niemand erfährt, wer du bist: kein Name, keine Nummer, kein Konto. /forget nimmt alles zurück."
    ),
    "rooms": "Wo willst du gehört werden?",
    "no_rooms": "Gerade ist kein öffentlicher Raum offen. Versuch es später noch einmal.",
    "entered": (
        "Du bist in „{room}“ als {name}. Schick eine Sprachnachricht: Die ersten {seconds} Sekunden zählen."
    ),
    "prompt": "Das wird gerade gespielt: {prompt}",
    "agree": "Ja, lass mich rein",
    "no_room": "Such dir erst einen Raum aus: /rooms",
    "masks": "Wie willst du klingen? Gerade: {mask}.",
    "mask_on": "Ab jetzt klingst du so: {mask}.",
    "mask_off": "Ab jetzt klingst du wie du selbst.",
    "bare": "du selbst",
    "landed": "Deine Stimme ist in „{room}“.",
    "cut": "Die ersten {seconds} Sekunden sind in „{room}“. Mehr passt nicht auf einmal.",
    "said": "Steht jetzt in „{room}“.",
    "preview": "Hör erst selbst. Bis jetzt hörst nur du das.",
    "keep": "Rein damit",
    "drop": "Weg damit",
    "dropped": "Weg. Niemand hat es gehört.",
    "left": "Du bist draußen. Nichts geht mehr irgendwohin, bis du einen Raum wählst: /rooms",
    "forgot": "Alles, was du dagelassen hast, ist weg, und auch, wer du hier warst.",
    "nothing": "Hier ist nichts, was ich zurücknehmen könnte.",
    "listens": "Ab jetzt hörst du „{room}“ hier, Clip für Clip. /quiet spart Stunden aus, /stop beendet es.",
    "machine": "🤖 {name} (eine Maschine)",
    "whole": "{game}, alles in einem Stück: {who}",
    "missed": "Während der Ruhe kamen {count} Clips. Ab hier kommen sie wieder.",
    "missed_one": "Während der Ruhe kam ein Clip. Ab hier kommen sie wieder.",
    "quiet": "Wann soll nichts kommen, wonach du nicht gefragt hast? So: /quiet 22-8. /quiet aus beendet es.",
    "quiet_clock": "Wie spät ist es bei dir?",
    "quiet_on": "Von {begin} bis {end} Uhr kommt nur, wonach du fragst. Deine Uhr zeigt {clock}.",
    "quiet_off": "Keine Ruhezeiten: Was kommt, kommt gleich.",
    "forgot_some": "Gerade ließ sich nicht alles zurücknehmen. Schick gleich noch einmal /forget.",
    "turn": "{prompt}\nSchick in {seconds} Sekunden eine Sprachnachricht.",
    "unknown": "Diesen Befehl kenne ich nicht. /start sagt, was ich kann.",
    "forwarded": "Das wurde woanders aufgenommen. Sag es selbst, hier.",
    "not_sound": "Ich kann nur Sprachnachrichten, runde Videos, Audiodateien und Text.",
    "gone_button": "Dieser Knopf ist zu alt. Frag noch einmal.",
    "away": "Telegram hat mir diese Aufnahme nicht gegeben. Schick sie noch einmal.",
    "longer": "Das ist länger als {seconds} Sekunden. Sag es kürzer.",
    "bigger": "Diese Datei hat mehr als {megabytes} MB. Schick lieber eine Sprachnachricht.",
    "mask.mouse": "Maus",
    "mask.giant": "Riese",
    "mask.robot": "Roboter",
    "mask.whisper": "Flüstern",
    "mask.radio": "altes Radio",
    "mask.underwater": "unter Wasser",
    "mask.alien": "Außerirdische",
    "mask.choir": "Chor",
}
TEXTS: dict[Language, dict[str, str]] = {"en": _EN, "de": _DE}

# Refusals come with an English sentence; these are the German ones of those that a chat can meet.
_REFUSED_DE = {
    "broken": "Bei uns ist etwas kaputtgegangen. Versuch es noch einmal.",
    "busy": "Hier ist es gerade sehr voll. Versuch es gleich noch einmal.",
    "consent_needed": "Dieser Raum fragt an der Tür erst nach deinem Ja: /rooms",
    "empty": "Da steht nichts drin.",
    "filtered": (
        "Das kommt hier nicht durch: keine Nummern, Links oder Adressen, nichts gegen ganze Gruppen,"
        " keine vollen Namen echter Menschen. Sag es ohne."
    ),
    "locked": "Dieser Raum ist gesperrt: Du kannst gerade nur zuhören.",
    "muted": "Du bist in diesem Raum eine Weile stumm.",
    "no_such_preview": "Diese Aufnahme ist nicht mehr da.",
    "no_such_room": "Diesen Raum gibt es nicht (mehr). Such dir einen anderen: /rooms",
    "restarting": "Der Server startet neu. Versuch es gleich noch einmal.",
    "room_closed": "Dieser Raum ist geschlossen. Such dir einen anderen: /rooms",
    "silent": "Ich habe dich nicht gehört. Ist dein Mikrofon stumm, oder ist es zu laut um dich?",
    "slow": "Dieser Raum lässt sich gerade Zeit. Warte kurz.",
    "storage_away": "Unser Speicher antwortet gerade nicht. Versuch es gleich noch einmal.",
    "storage_full": "Die Platte des Servers ist voll. Neues kann gerade nicht bleiben.",
    "too_fast": "Etwas langsamer, bitte.",
    "too_long": "Das ist zu lang.",
    "too_short": "Das war zu kurz. Halt ein bisschen länger.",
    "undecodable": "Diese Aufnahme war nicht zu lesen. Schick lieber eine Sprachnachricht.",
}
# What our sentence says of types and bytes is for programs.
_REFUSED_EN = {"undecodable": "I could not read this recording. Send a voice message instead."}
_OTHER_DE = "Das hat nicht geklappt."


def language_of(code: str | None) -> Language:
    """Return the language to speak with somebody whose Telegram has this IETF tag."""
    return "de" if (code or "").lower().partition("-")[0] == "de" else "en"


def text(language: Language, key: str, **values: object) -> str:
    """Return a sentence with its values."""
    return TEXTS[language][key].format(**values)


def refusal(language: Language, code: str, sentence: str) -> str:
    """Return what is said for a refusal that comes with an English sentence."""
    if language == "de":
        return _REFUSED_DE.get(code, _OTHER_DE)
    return _REFUSED_EN.get(code, sentence)
