"""The operations of the gateway: calls of models, stored chat completions, and what was spent."""

from evald.http.operation import Operation
from evald.http.routes import chat_completions, model_calls, usage
from evald.wire.chat_completions import (
    CreateChatCompletionRequest,
    DeletedChatCompletion,
    ListChatCompletionsQuery,
    StoredChatCompletion,
    StoredMessage,
    UpdateChatCompletionRequest,
)
from evald.wire.model_calls import ModelCall, ModerationCall
from evald.wire.pages import ListQuery
from evald.wire.usage import Usage, UsageQuery

CHAT_COMPLETIONS = "/v1/chat/completions"
CHAT_COMPLETION = CHAT_COMPLETIONS + "/{completion_id}"

GATEWAY_OPERATIONS = [
    Operation(
        "createChatCompletion",
        "POST",
        CHAT_COMPLETIONS,
        chat_completions.create_chat_completion,
        takes=CreateChatCompletionRequest,
        is_passed_on=True,
    ),
    Operation(
        "listChatCompletions",
        "GET",
        CHAT_COMPLETIONS,
        chat_completions.list_chat_completions,
        query=ListChatCompletionsQuery,
        gives=StoredChatCompletion,
        gives_list=True,
    ),
    Operation(
        "getChatCompletion",
        "GET",
        CHAT_COMPLETION,
        chat_completions.get_chat_completion,
        gives=StoredChatCompletion,
    ),
    Operation(
        "updateChatCompletion",
        "POST",
        CHAT_COMPLETION,
        chat_completions.update_chat_completion,
        takes=UpdateChatCompletionRequest,
        gives=StoredChatCompletion,
    ),
    Operation(
        "deleteChatCompletion",
        "DELETE",
        CHAT_COMPLETION,
        chat_completions.delete_chat_completion,
        gives=DeletedChatCompletion,
    ),
    Operation(
        "getChatCompletionMessages",
        "GET",
        CHAT_COMPLETION + "/messages",
        chat_completions.list_messages,
        query=ListQuery,
        gives=StoredMessage,
        gives_list=True,
    ),
    Operation(
        "createCompletion",
        "POST",
        "/v1/completions",
        model_calls.create_completion,
        takes=ModelCall,
        is_passed_on=True,
    ),
    Operation(
        "createEmbedding",
        "POST",
        "/v1/embeddings",
        model_calls.create_embedding,
        takes=ModelCall,
        is_passed_on=True,
    ),
    Operation(
        "createModeration",
        "POST",
        "/v1/moderations",
        model_calls.create_moderation,
        takes=ModerationCall,
        is_passed_on=True,
    ),
    Operation(
        "listUsage", "GET", "/v1/evald/usage", usage.list_usage, query=UsageQuery, gives=Usage
    ),
]
