"""Durable human-in-the-loop workflows for AI: the public names, and nothing else."""

import handrail.host  # noqa: F401 - fills the port by which nodes are executed outside a run
from handrail.app import App as App
from handrail.app import Run as Run
from handrail.cli.script import main as main
from handrail.flows.answer import StreamEvent as StreamEvent
from handrail.flows.approval import HumanApprovalNode as HumanApprovalNode
from handrail.flows.branch import Branch as Branch
from handrail.flows.confidence import SmartHITLNode as SmartHITLNode
from handrail.flows.durable import gather as gather
from handrail.flows.durable import idempotency_key as idempotency_key
from handrail.flows.durable import now as now
from handrail.flows.durable import sleep as sleep
from handrail.flows.durable import step as step
from handrail.flows.durable import uuid as uuid
from handrail.flows.email_approval import EmailApprovalNode as EmailApprovalNode
from handrail.flows.execution import Parked as Parked
from handrail.flows.feedback import FeedbackLoop as FeedbackLoop
from handrail.flows.feedback import FeedbackNode as FeedbackNode
from handrail.flows.feedback import RevisionNode as RevisionNode
from handrail.flows.function import FunctionNode as FunctionNode
from handrail.flows.guard import approval_required as approval_required
from handrail.flows.llm import LLMNode as LLMNode
from handrail.flows.loop import Loop as Loop
from handrail.flows.map import MapNode as MapNode
from handrail.flows.node import Chain as Chain
from handrail.flows.node import ChainableNode as ChainableNode
from handrail.flows.parallel import Parallel as Parallel
from handrail.flows.quality import QualityControl as QualityControl
from handrail.flows.quality import Stage as Stage
from handrail.flows.question import ask as ask
from handrail.flows.queue import AsyncHumanQueue as AsyncHumanQueue
from handrail.flows.review import MultiReviewerNode as MultiReviewerNode
from handrail.flows.router import TaskRouter as TaskRouter
from handrail.flows.slack_approval import SlackApprovalNode as SlackApprovalNode
from handrail.flows.web_approval import WebUIApprovalNode as WebUIApprovalNode
from handrail.requests.decision import Actor as Actor
from handrail.requests.decision import Strength as Strength
from handrail.requests.decision import Verb as Verb
from handrail.requests.errors import *  # noqa: F403 - the whole tree is public
from handrail.requests.outcome import outcome as outcome
from handrail.requests.policy import Audience as Audience
from handrail.requests.policy import at_least as at_least
from handrail.requests.policy import escalation as escalation
from handrail.requests.policy import fraction as fraction
from handrail.runs.run import RunStatus as RunStatus
from handrail.teams.agent import Agent as Agent
from handrail.teams.status import FeedbackStatus as FeedbackStatus
from handrail.teams.status import TaskStatus as TaskStatus
from handrail.teams.status import WorkflowStatus as WorkflowStatus
from handrail.teams.task import Task as Task
from handrail.teams.team import Team as Team

__version__ = "0.1.0"
