from django.apps import AppConfig


class ClearanceConfig(AppConfig):
    name = "clearance"
    default_auto_field = "django.db.models.BigAutoField"
