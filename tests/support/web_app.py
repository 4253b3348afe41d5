"""An app as somebody would serve it: one flow that asks."""

from handrail import App, FunctionNode, HumanApprovalNode

app = App()
app.flow(
    "publish",
    FunctionNode(lambda x: {"content": f"A text about {x['topic']}."}, name="draft")
    | HumanApprovalNode(title=lambda x: x["content"], name="review"),
)
