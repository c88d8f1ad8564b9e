from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FerryConfig(AppConfig):
    name = "ferry"
    verbose_name = _("Companies")
    default_auto_field = "django.db.models.BigAutoField"
