"""The operations of Responses: calls of models, and stored responses."""

from evald.http.operation import Operation
from evald.http.routes import responses
from evald.wire.responses import (
    CreateResponseRequest,
    DeletedResponse,
    GetResponseQuery,
    InputItem,
    ListInputItemsQuery,
    ListResponsesQuery,
    Response,
)

RESPONSES = "/v1/responses"
RESPONSE = RESPONSES + "/{response_id}"

RESPONSE_OPERATIONS = [
    Operation(
        "createResponse",
        "POST",
        RESPONSES,
        responses.create_response,
        takes=CreateResponseRequest,
        is_passed_on=True,
    ),
    Operation(
        "getResponse",
        "GET",
        RESPONSE,
        responses.get_response,
        query=GetResponseQuery,
        gives=Response,
    ),
    Operation(
        "deleteResponse", "DELETE", RESPONSE, responses.delete_response, gives=DeletedResponse
    ),
    Operation(
        "cancelResponse", "POST", RESPONSE + "/cancel", responses.cancel_response, gives=Response
    ),
    Operation(
        "listInputItems",
        "GET",
        RESPONSE + "/input_items",
        responses.list_input_items,
        query=ListInputItemsQuery,
        gives=InputItem,
        gives_list=True,
    ),
    Operation(
        "listResponses",
        "GET",
        "/v1/evald/responses",
        responses.list_responses,
        query=ListResponsesQuery,
        gives=Response,
        gives_list=True,
    ),
]
