"""Signatures; what rests on Standard Webhooks is documented there, the rest is ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import InvalidWebhookSignatureError, OpenAI

from evald.domain.webhooks.signature import SecretUnusable, key_of, new_secret, signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'


def test_the_example_of_standard_webhooks() -> None:
    signed = signature(
        key_of(SECRET), webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, body=BODY
    )

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(random=st.binary(min_size=1, max_size=64), body=st.binary(max_size=200))
def test_a_new_secret_is_one_that_stands_for_its_bytes(random: bytes, body: bytes) -> None:
    assert key_of(new_secret(random)) == random


def test_a_secret_without_the_prefix_is_its_own_bytes() -> None:
    assert key_of("geheim-ä") == "geheim-ä".encode()


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!", "whsec_ä"])
def test_what_is_no_secret_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(SecretUnusable) as refused:
        key_of(secret)

    assert "not base64!" not in str(refused.value)


@pytest.mark.parametrize("changed", ["body", "id", "time"])
def test_the_official_client_takes_a_signature_and_none_of_anything_else(changed: str) -> None:
    client = OpenAI(api_key="k", webhook_secret=SECRET)
    now = 1_750_000_000
    body = b'{"id":"evt_1","type":"eval.run.succeeded","created_at":1,"data":{"id":"evalrun_1"}}'
    signed = signature(key_of(SECRET), webhook_id="wh_1", timestamp=now, body=body)
    headers = {"webhook-id": "wh_1", "webhook-timestamp": str(now), "webhook-signature": signed}
    tolerance = 10**10

    client.webhooks.verify_signature(body, headers, tolerance=tolerance)
    match changed:
        case "body":
            body += b" "
        case "id":
            headers["webhook-id"] = "wh_2"
        case _:
            headers["webhook-timestamp"] = str(now + 1)

    with pytest.raises(InvalidWebhookSignatureError):
        client.webhooks.verify_signature(body, headers, tolerance=tolerance)
