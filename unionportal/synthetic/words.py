"""The words synthetic names are put together from. None of them is taken from a real person."""

from __future__ import annotations

from typing import NamedTuple

# Some are read differently as surnames (单 曾 仇 解 查), some have two characters.
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史"
    "顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文单仇解查翟樊"
)
DOUBLE_SURNAMES = ("欧阳", "上官", "司马", "诸葛", "尉迟")
GIVEN_MALE = "伟强磊军勇涛斌辉鹏飞刚超波亮明建国志海林峰龙宇浩杰鑫俊凯成东平安庆永德山松"
GIVEN_FEMALE = "芳娜敏静丽娟霞燕玲梅红艳秀兰萍婷雪莉琴云月华丹凤英桂琳欣怡佳慧颖洁倩妍"
GIVEN_BOTH = "小晓文春新玉金立世家长子思雨天宁中远和正心清乐可一"
# For the same person written by somebody who heard the name only.
SOUND_ALIKES = {"小": "晓", "晓": "小", "伟": "玮", "静": "婧", "丽": "莉", "军": "君", "霞": "夏",
                "燕": "艳", "明": "鸣", "文": "雯", "辉": "晖", "涛": "滔", "华": "桦"}  # fmt: skip
DOTTED_FIRST = ("努尔", "艾力", "古丽", "阿依", "买买提", "热娜")
DOTTED_LAST = ("卡力", "吐逊", "努尔", "阿不都", "玉素甫")

BRAND_FIRST = "恒通盛达鸿运顺安捷迅远诚信和泰兴隆瑞丰华宇天星海润金鼎广源众合万联"
BRAND_LAST = "达通运发隆盛昌泰丰瑞和信诚源远腾飞跃翔联"


class AreaName(NamedTuple):
    chinese: str
    english: str
    level: str
    # How much goes on there, against the others.
    weight: float


AREAS = (
    AreaName("云河街道", "Yunhe Sub-district", "subdistrict", 1.6),
    AreaName("北园镇", "Beiyuan Town", "township", 1.3),
    AreaName("物流产业园", "Logistics Park", "park", 1.7),
    AreaName("明湖街道", "Minghu Sub-district", "subdistrict", 1.2),
    AreaName("东泉街道", "Dongquan Sub-district", "subdistrict", 1.1),
    AreaName("长桥街道", "Changqiao Sub-district", "subdistrict", 1.0),
    AreaName("青石街道", "Qingshi Sub-district", "subdistrict", 1.0),
    AreaName("柳岸街道", "Liu'an Sub-district", "subdistrict", 0.9),
    AreaName("安澜街道", "Anlan Sub-district", "subdistrict", 0.9),
    AreaName("槐荫里街道", "Huaiyinli Sub-district", "subdistrict", 0.8),
    AreaName("望塔街道", "Wangta Sub-district", "subdistrict", 0.8),
    AreaName("锦屏路街道", "Jinpinglu Sub-district", "subdistrict", 0.7),
    AreaName("新市口街道", "Xinshikou Sub-district", "subdistrict", 0.9),
    AreaName("南坡镇", "Nanpo Town", "township", 0.8),
    AreaName("白杨渡镇", "Baiyangdu Town", "township", 0.7),
    AreaName("石桥铺镇", "Shiqiaopu Town", "township", 0.6),
    AreaName("大槐镇", "Dahuai Town", "township", 0.6),
    AreaName("沙湾镇", "Shawan Town", "township", 0.5),
    AreaName("双溪镇", "Shuangxi Town", "township", 0.5),
    AreaName("智造产业园", "Smart Manufacturing Park", "park", 1.2),
    AreaName("空港产业园", "Airport Park", "park", 1.0),
    AreaName("商贸产业园", "Trade Park", "park", 0.9),
)
COMMUNITIES = (
    ("桃源", "Taoyuan"), ("幸福", "Xingfu"), ("向阳", "Xiangyang"), ("和平", "Heping"),
    ("春晖", "Chunhui"), ("翠竹", "Cuizhu"), ("清泉", "Qingquan"),
)  # fmt: skip


class Trade(NamedTuple):
    word: str
    industry: str
    groups: tuple[str, ...]
    weight: float


_TRUCK, _PARCEL, _FOOD = "TRUCK_DRIVER", "PARCEL_COURIER", "FOOD_RIDER"
_GUARD, _RIDE = "SECURITY_GUARD", "RIDE_HAILING_DRIVER"
TRADES = (
    Trade("货运", "G", (*[_TRUCK] * 9, _GUARD), 2.2),
    Trade("快递", "G", (*[_PARCEL] * 9, _TRUCK), 2.2),
    Trade("外卖配送", "G", (*[_FOOD] * 10,), 1.8),
    Trade("出行服务", "G", (*[_RIDE] * 9, _TRUCK), 1.1),
    Trade("保安服务", "L", (*[_GUARD] * 10,), 1.3),
    Trade("家政服务", "O", (*["DOMESTIC_WORKER"] * 9, "CARE_WORKER"), 1.2),
    Trade("养老护理", "Q", (*["CARE_WORKER"] * 9, "DOMESTIC_WORKER"), 1.0),
    Trade("商贸", "F", (*["MALL_PROMOTER"] * 8, _GUARD, _TRUCK), 1.2),
    Trade("房产经纪", "K", (*["PROPERTY_AGENT"] * 10,), 0.9),
)
MIXED_GROUPS = (
    *[_FOOD] * 4, *[_PARCEL] * 3, *["DOMESTIC_WORKER"] * 3, _RIDE, _RIDE, _TRUCK, _GUARD,
    "CARE_WORKER", "MALL_PROMOTER", "PROPERTY_AGENT",
)  # fmt: skip
FREIGHT_GROUPS = (*[_TRUCK] * 9, _RIDE)
HOME_GROUPS = (*["DOMESTIC_WORKER"] * 6, "CARE_WORKER")
PLATFORMS = ("示例外卖", "示例即送", "示例闪送", "示例出行")
RETURNED = (
    "姓名与身份证不一致，请核对后再提交",
    "手机号少一位，请补全",
    "请补交本人签名的入会申请书",
)
