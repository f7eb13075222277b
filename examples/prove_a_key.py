import os

import httpx2

from actas_sdk import DpopKey

URL = "http://127.0.0.1:8702/orders/7"

if __name__ == "__main__":
    token = os.environ["BOUND"]
    key = DpopKey.from_file(os.environ["KEY"])
    headers = {"Authorization": f"DPoP {token}", "DPoP": key.proof("GET", URL, token=token)}
    print(httpx2.get(URL, headers=headers).text)
    print(httpx2.get(URL, headers=headers).text)  # the same proof again
