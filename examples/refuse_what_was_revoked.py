import os

from actas_sdk.sync import InvalidToken, Verifier

verifier = Verifier(
    "http://127.0.0.1:8693",
    audience="https://inventory.acme.example",
    revocation=True,
    client_id=os.environ["ACTAS_CLIENT_ID"],
    client_secret=os.environ["ACTAS_CLIENT_SECRET"],
)

if __name__ == "__main__":
    with verifier:
        try:
            print(verifier.check_token(os.environ["TOKEN"]).sentence)
        except InvalidToken as no:
            print("refused:", no.detail)
