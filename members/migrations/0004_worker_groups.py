"""The eight groups of 2018 and ride-hailing drivers, key group since 2021 (domain.md section 3)."""

import datetime as dt

from django.db import migrations

# code, Chinese, English, one of the eight, new-form worker, plate needed, in use from
GROUPS = [
    ("TRUCK_DRIVER", "货车司机", "Truck driver", True, True, True, 2018),
    ("PARCEL_COURIER", "快递员", "Parcel courier", True, True, False, 2018),
    ("CARE_WORKER", "护工护理员", "Care worker", True, False, False, 2018),
    ("DOMESTIC_WORKER", "家政服务员", "Domestic worker", True, False, False, 2018),
    ("MALL_PROMOTER", "商场信息员", "In-store brand promoter", True, False, False, 2018),
    ("FOOD_RIDER", "网约送餐员", "Food-delivery rider", True, True, False, 2018),
    ("PROPERTY_AGENT", "房产中介员", "Property agent", True, False, False, 2018),
    ("SECURITY_GUARD", "保安员", "Security guard", True, False, False, 2018),
    ("RIDE_HAILING_DRIVER", "网约车司机", "Ride-hailing driver", False, True, True, 2021),
]


def write_groups(apps, schema_editor):
    worker_group = apps.get_model("members", "WorkerGroup")
    for place, (code, chinese, english, is_eight, is_new, plate, year) in enumerate(GROUPS, 1):
        worker_group.objects.update_or_create(
            code=code,
            defaults={
                "name_zh": chinese,
                "name_en": english,
                "is_eight_group": is_eight,
                "is_new_form": is_new,
                "needs_plate": plate,
                "order": place * 10,
                "valid_from": dt.date(year, 1, 1),
            },
        )


class Migration(migrations.Migration):
    dependencies = [("members", "0003_member_number")]

    operations = [migrations.RunPython(write_groups, migrations.RunPython.noop)]
