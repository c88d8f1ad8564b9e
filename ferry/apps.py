from django.apps import AppConfig


class FerryConfig(AppConfig):
    name = "ferry"
    default_auto_field = "django.db.models.BigAutoField"
