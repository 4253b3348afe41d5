"""Where one can go on from an answer, as the OpenAPI document tells it."""

from typing import Any


def _links(parameter: str, **operations: str) -> dict[str, Any]:
    parameters = {parameter: "$response.body#/id"}
    return {
        name: {"operationId": operation, "parameters": parameters} for name, operation in operations.items()
    }


def of_board() -> dict[str, Any]:
    """Return what can be done with a board that was answered."""
    return _links(
        "run_id",
        show="show_board",
        tasks="list_tasks",
        log="show_board_log",
        pause="pause_team",
        resume="resume_team",
        stop="stop_team",
    )


def of_task() -> dict[str, Any]:
    """Return what can be done with a task that was answered."""
    parameters = {"run_id": "$response.body#/run_id", "task_id": "$response.body#/id"}
    operations = {
        "show": "show_task",
        "feedback": "give_feedback",
        "validate": "validate_task",
        "unblock": "unblock_task",
    }
    return {
        name: {"operationId": operation, "parameters": parameters} for name, operation in operations.items()
    }


def of_request() -> dict[str, Any]:
    """Return what can be done with a request that was answered."""
    return _links(
        "request_id",
        show="show_request",
        decide="decide",
        claim="claim",
        comment="comment",
        reassign="reassign",
        withdraw="withdraw",
    )


def of_message() -> dict[str, Any]:
    """Return what can be done with a message that was answered."""
    found = _links("message_id", retry="retry_message")
    about = {"operationId": "show_request", "parameters": {"request_id": "$response.body#/request_id"}}
    return {**found, "request": about}


def of_webhook() -> dict[str, Any]:
    """Return what can be done with a webhook that was answered."""
    return _links(
        "webhook_id",
        show="show_webhook",
        change="change_webhook",
        test="test_webhook",
        deliveries="list_deliveries",
        rotate="rotate_webhook_secret",
        remove="remove_webhook",
    )


def of_inbound() -> dict[str, Any]:
    """Return what can be done with an inbound webhook that was answered."""
    return _links(
        "inbound_id", rotate="rotate_inbound_secret", revoke="revoke_inbound", decide="decide_signed"
    )


def of_identity() -> dict[str, Any]:
    """Return what can be done with an address that was answered."""
    whose = {"name": "$response.body#/person"}
    which = {**whose, "channel": "$response.body#/channel", "address": "$response.body#/address"}
    return {
        "list": {"operationId": "list_identities", "parameters": whose},
        "remove": {"operationId": "remove_identity", "parameters": which},
    }


def of_notifications() -> dict[str, Any]:
    """Return what can be done with notifications that were answered."""
    whose = {"name": "$response.body#/person"}
    return {
        "show": {"operationId": "show_notifications", "parameters": whose},
        "reset": {"operationId": "reset_notifications", "parameters": whose},
    }


def of_run() -> dict[str, Any]:
    """Return what can be done with a run that was answered."""
    return _links("run_id", show="show_run", cancel="cancel_run", retry="retry_run")
