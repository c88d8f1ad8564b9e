"""The application that serves the operator's pages."""

from django.contrib.admin.apps import AdminConfig


class OperatorConfig(AdminConfig):
    default_site = "ferry.admin_site.OperatorSite"
