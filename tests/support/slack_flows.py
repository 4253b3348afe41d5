"""Flows that ask in Slack, for processes: the app takes its channels from the environment."""

from handrail import App, FunctionNode, SlackApprovalNode

app = App()
app.flow(
    "deploy",
    SlackApprovalNode(timeout=3600, channel="#deploys", title="Deploy?")
    | FunctionNode(lambda x: {"deployed": x["approved"], "by": x["decided_by"]}),
)
