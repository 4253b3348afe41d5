"""Every sentence that our mails say, in one place. What is inserted is shown as it is, odd characters written out."""

from handrail.requests.decision import Verb

BY_REPLY = {
    Verb.APPROVE: "approve",
    Verb.REJECT: "reject: reason",
    Verb.REQUEST_CHANGES: "changes: what to change",
}
"""what is written to decide by a reply"""
REPLY = "To decide, answer this mail. Its first word counts: {}."
REPLY_LABEL = "By mail"
DECIDE = "Decide"
OPEN = "Open in the inbox"
OPEN_NEWER = "Open the later revision"
LINK = "This link opens a page where you decide. It is yours alone, and works once, for a week."

WHY, THEN, WHO = "Why", "Then", "Who"
SURE = "How sure"
UNSURE = "Not sure of"
BESIDE = "Beside it"
GUIDELINE = "How to judge"
NUMBER = "A number"
CHOICES = "To choose from"
FIELDS = "What is to be filled in"
MORE = "and {} more"
CHANGES = "What has changed since revision {}"
SAME = "Nothing of what is proposed has changed."
TOO_LONG = "Too much to compare here"
MORE_CHANGES = "More has changed, which the page shows."
NOW = "All of it, as it is now"
CONFIDENCE = "The machine was sure to {:.2f}."
THRESHOLD = "The machine was sure to {:.2f}; from {:.2f} on nobody is asked."

ASKED_BY = "Asked by {}"
REVISION = "Revision {}"
NO_DEADLINE = "No deadline"
DEADLINE = "Until {}, else {}"
MOMENT = "%-d %B %Y, %H:%M"
CLAIMED = "{} has claimed it and can decide or release it."
A_PICTURE = "a picture, which is shown on the page"

CUT = "Not all of it fits into a mail, so it can’t be decided by mail. Open it to see the whole."
SESSION = "This takes decisions only of who has signed in. Open it to decide."
IN_LINE = "It waits until one of its workers has room."
ELSEWHERE = "This is decided on its page. Open it to decide."

ENDED_AT = "{}, {}."
EDITED = "Changed"
ANSWERED = "The answer"
SAID = "What was said"
NEWER = "A later revision asks instead; it comes in this thread."
NOTHING_LEFT = "Nothing is left to decide here; answers to this mail decide nothing."
UNCHANGED = "Nothing was decided"

DIGEST = "What is new: {}"
MORE_IN_INBOX = "{} more in the inbox."
DECIDED_ELSEWHERE = "Each is decided on its page; answers to this mail decide nothing."
OPEN_INBOX = "Open the inbox"

REMINDED = "This still waits for a decision."
COMMENTED = "{} says:"
ESCALATED = "This has been escalated: {} can decide it now."
REASSIGNED = "This asks {} now."

NOT_UNDERSTOOD = "Your answer decided nothing"
UNCLEAR = {
    "nothing was written above or below the quote": "There was nothing in it but what was quoted.",
    "its first word is none that decides": "Its first word is none that decides.",
    "it asks something": "It asks something, so nothing was taken for a decision. People read comments on the page.",
    "it names two decisions": "It names two different decisions.",
    "it binds the decision to something, or takes it back": "It binds the decision to something, or takes it back.",
    "it says more beside the approval": "It says more beside “approve”, which might bind it. What is only a comment "
    "stands behind a colon: “approve: your comment”.",
    "it doesn't say what to change": "It doesn’t say what to change.",
    "its plain text and its HTML don't say the same": "Its text and its HTML don’t say the same.",
    "it is too long for an answer": "It is too long for an answer.",
    "it repeats the instruction": "It repeats the words of our instruction instead of yours.",
}
ASK_AGAIN = (
    "Please answer with one of these as the first word: {}. This is asked once; the page takes any answer."
)
NOT_OFFERED = "This can’t be decided that way by mail. Open it to decide."
USED = "You have decided this by mail before, and an address decides once. Open it to change that."
CHANGED_SINCE = "What was shown here is not what is asked now. Open it and look again."
EXCLUDED = "You are excluded from deciding this one."
INITIATOR = "You asked this, and its policy doesn’t let people approve their own work."
NOT_ASKED = "This doesn’t ask you now."
HELD = "{} has claimed it and can release it."
NOT_ALLOWED = "You can’t decide this."
NOT_FITTING = "This doesn’t fit: {}."
