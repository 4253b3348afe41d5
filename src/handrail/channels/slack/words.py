"""Every sentence that Slack shows of ours, in one place. `{}` stands for what is inserted, which is escaped before."""

from handrail.requests.decision import Verb

BUTTONS = {
    Verb.APPROVE: "Approve",
    Verb.EDIT: "Edit and approve",
    Verb.REQUEST_CHANGES: "Request changes",
    Verb.REJECT: "Reject",
    Verb.ANSWER: "Answer",
    Verb.ABSTAIN: "Abstain",
}
OPEN = "Open"
OPEN_NEWER = "Open the later revision"
OPEN_INBOX = "Open the inbox"

WHY = "Why: "
THEN = "Then: "
UNSURE = "Not sure of: "
BESIDE = "Beside it"
GUIDELINE = "How to judge"
CHANGED = "What has changed since revision {}"
SAME = "Nothing of what is proposed has changed."
TOO_LONG = "Too much to compare here."
MORE_CHANGES = "… and more, which the page shows."
CONFIDENCE = "The machine was sure to {:.2f}."
THRESHOLD = "The machine was sure to {:.2f}; from {:.2f} on nobody is asked."

ASKED_BY = "Asked by {}"
REVISION = "Revision {}"
NO_DEADLINE = "No deadline"
DEADLINE = "Until {}, else {}"
CLAIMED = "{} has claimed it and can decide or release it."

CUT = "Not all of it fits here, so it can’t be approved here."
SESSION = "This takes decisions only of who has signed in."
IN_LINE = "It waits until one of its workers has room."
FORM = "This doesn’t fit a form of Slack."
ON_THE_PAGE = "Open it to decide."
NO_PAGE = "Look at it with `handrail show {}`."

ENDED_AT = "{}, {}."
EDITED = "Changed"
ANSWERED = "The answer"
SAID = "What was said"
NEWER = "Decide on the later revision instead."

REMINDED = "Reminder: this still waits for a decision."
COMMENTED = "{} says:"
ESCALATED = "This has been escalated: {} can decide it now."
REASSIGNED = "This asks {} now."
CLAIMED_NOW = "{} has claimed it."
RELEASED_NOW = "It is free again: anybody it asks can decide."
VOTED = "{} {}. {}."
VOTED_BLIND = "Somebody has decided: {}."

NOBODY = "Your address on Slack ({}) belongs to nobody here. Ask an administrator to add it to your account."
EXCLUDED = "You are excluded from deciding this one."
INITIATOR = "You asked this, and its policy doesn’t let people approve their own work. {} can decide it."
NOT_ASKED = "This asks {}, not you."
HELD = "{} has claimed it and can release it."
NOT_ALLOWED = "You can’t decide this."
CHANGED_SINCE = "What was shown here is not what is asked now. Open it and look again."
NOT_FITTING = "This doesn’t fit: {}."
UNCHANGED = "Nothing was decided."
TOO_LATE = "That took too long for Slack. Press it again."
TRY_AGAIN = "Slack could not be asked just now. Try it again."
WORKING_TITLE, WORKING = "One moment", "This takes longer than usual. The result will stand here."
BROKEN = "Something went wrong here. Open the request to see how it stands."
DONE_TITLE, DONE = "Done", "Your decision was stored."

MY_WORK = "My open work"
DIGEST = "What is new"
NOTHING_OPEN = "Nothing waits for you."
MORE = "{} more in the inbox"
MESSAGE_HERE = "<{}|message>"

EDIT_TITLE, EDIT_SEND = "Edit and approve", "Approve with changes"
CHANGES_TITLE, CHANGES_SEND, CHANGES_ASK = "Request changes", "Request changes", "What should change?"
REJECT_TITLE, REJECT_SEND, REJECT_ASK = "Reject", "Reject", "Why is it rejected?"
ANSWER_TITLE, ANSWER_SEND, ANSWER_ASK = "Answer", "Send the answer", "Your answer"
CANCEL, CLOSE = "Cancel", "Close"
REPLACED_TITLE, REPLACED = (
    "A later revision",
    "This was replaced by revision {} while you looked. Nothing was decided.",
)
DECIDED_TITLE, NOT_SENT = "Decided meanwhile", "Nothing of yours was sent."
REFUSED_TITLE = "You can’t decide this"
NOT_DONE_TITLE = "Nothing was decided"

FILL_IN = "Fill this in."
CHOOSE = "Choose one."
NO_CHANGE = "Change something, or approve it as it is."
NO_ANSWER = "No answer"
NONE = "None"
AS_JSON = "Given as JSON."
JSON_OR_TEXT = "A text, or JSON."
WRONG = "This is not right yet."
