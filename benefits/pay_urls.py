"""Where channels tell us that something ended; nobody signs in here, signatures are checked."""

from django.urls import path

from benefits.views import callbacks

app_name = "pay"
urlpatterns = [path("wechat/", callbacks.wechat, name="wechat-notice")]
