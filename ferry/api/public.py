"""What anybody may read: the public keys, the description of the interface, and that nothing else is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.response import Response

from ferry import codes
from ferry.api.schema import answer_example
from ferry.api.throttles import PublicThrottle
from ferry.api.views import PublicView
from ferry.errors import NotYours, Reason
from ferry.queries.keys import trusted_keys

if TYPE_CHECKING:
    from rest_framework.request import Request


class PublicKey(serializers.Serializer[Any]):
    kty = serializers.CharField()
    crv = serializers.CharField()
    alg = serializers.CharField()
    use = serializers.CharField()
    kid = serializers.CharField(help_text="The key id that stands in the code, as base64url.")
    x = serializers.CharField(help_text="The 32 public bytes, as base64url.")


class PublicKeys(serializers.Serializer[Any]):
    keys = PublicKey(many=True)


class Keys(PublicView):
    serializer_class = PublicKeys
    filterset_class = None
    pagination_class = None

    @extend_schema(
        operation_id="keys_list",
        tags=["keys"],
        summary="Public keys of the codes, as a JWK set (RFC 7517)",
        responses=PublicKeys,
        examples=[
            answer_example(
                {
                    "keys": [
                        {
                            "kty": "OKP",
                            "crv": "Ed25519",
                            "alg": "Ed25519",
                            "use": "sig",
                            "kid": "q83vASNFZ4k",
                            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                        }
                    ]
                }
            )
        ],
    )
    def get(self, request: Request) -> Response:
        keys = [codes.public_jwk(kid, key) for kid, key in sorted(trusted_keys(self.at).items())]
        return Response({"keys": keys}, headers={"Cache-Control": "public, max-age=60"})


@method_decorator(csp_update({"style-src": [SELF, UNSAFE_INLINE]}), name="dispatch")
class Docs(SpectacularSwaggerSplitView):
    """Swagger UI; it writes `style` attributes as it draws, so styles alone are let in on this page."""


class Description(SpectacularAPIView):
    throttle_classes = (PublicThrottle,)


@extend_schema(exclude=True)
class NothingHere(PublicView):
    """Answer an unknown address under /api/ as the interface answers everything: in JSON."""

    throttle_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        detail = _("There is no such address. Addresses end in a slash; see /api/docs/.")
        raise NotYours(Reason("not_found", detail))
