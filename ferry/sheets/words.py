"""The one table of words: what companies, brokers and customs write over columns and into cells.

Names stand between bars or on lines of their own. Case, width and punctuation do not matter; what stands in
brackets matters only where it makes another name: "Name (Latin)" is "Name Latin", "VIN (17)" is "VIN".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from ferry.sheets.text import fold

Kind = Literal["vehicles", "drivers", "declarations", "records", "readiness"]

VIN = """
    VIN码 | VIN号 | 车架号 | 车架号码 | 车辆识别代号 | 车辆识别代码 | 车辆识别号 | 底盘号 | 产品识别代码
    VIN | Chassis number | Chassis No | VIN number | VIN code | Frame number | PIN
    ВИН | VIN код | VIN номер | Номер VIN | Номер шасси
"""
PASSPORT = """
    护照号 | 护照号码 | 护照编号 | 护照
    Passport | Passport number | Passport No
    Паспорт | Номер паспорта
"""
DECLARATION = """
    报关单号 | 报关单号码 | 报关单编号 | 海关编号 | 出口报关单号
    Declaration | Declaration number | Declaration No | Customs declaration number
    Декларация | Номер декларации | Номер ЭД | Экспортная декларация
"""

CONSIGNMENT = """
    批次 | 批次号 | 批号 | 车次 | 航次 | 列车号 | 船名
    Consignment | Batch | Lot | Train | Ship | Voyage
    Партия | Номер партии | Поезд | Судно
"""

#: What a column of each field may be headed.
HEADINGS: Mapping[Kind, Mapping[str, str]] = {
    "vehicles": {
        "vin": VIN,
        "make": """
            品牌 | 厂牌 | 车辆品牌 | 品牌名称 | 厂家 | 制造商
            Make | Brand | Manufacturer
            Марка | Бренд
        """,
        "model": """
            车型 | 型号 | 车辆型号 | 车型名称 | 规格型号
            Model | Vehicle model
            Модель
        """,
        "powertrain": """
            动力类型 | 能源类型 | 动力 | 燃料类型 | 燃料种类 | 动力形式 | 驱动类型
            Powertrain | Fuel | Fuel type | Energy type
            Тип двигателя | Двигатель | Топливо | Вид топлива | Тип топлива
        """,
        "colour": "颜色 | 车身颜色 | 车辆颜色 | 外观颜色 | Colour | Color | Цвет",
        "hs_code": """
            商品编码 | 商品编号 | HS编码 | 税号 | 税则号 | 海关编码
            HS | HS code | HS-code | Commodity code | Tariff code
            ТН ВЭД | Код ТН ВЭД | Код товара
        """,
        "registered_on": """
            初次登记日期 | 初次登记 | 注册日期 | 登记日期 | 注册登记日期 | 上牌日期
            Registered on | Registered | Registration date | First registration | First registered
            Date of first registration
            Дата регистрации | Дата первой регистрации
        """,
        "plate": """
            临牌 | 车牌 | 车牌号 | 车牌号码 | 临牌号 | 临时号牌 | 临时牌照 | 号牌号码
            Plate | Plate number | Licence plate | License plate | Temporary plate
            Номерной знак | Госномер | Гос номер | Транзитный номер
        """,
        "consignment": CONSIGNMENT,
    },
    "drivers": {
        "name": """
            姓名 | 司机姓名 | 驾驶员姓名 | 驾驶员 | 司机
            Name | Full name | Driver | Driver name
            ФИО | Имя | Водитель
        """,
        "name_latin": """
            拼音 | 姓名拼音 | 拼音姓名 | 司机拼音 | 护照拼音
            英文姓名 | 姓名英文 | 英文名 | 护照英文名 | 拉丁文姓名
            Latin name | Name Latin | Name in Latin | Name in Latin letters
            Pinyin | Name pinyin | English name
            ФИО латиницей | ФИО латиница | ФИО лат | ФИО на латинице | Имя латиницей | Латиница
        """,
        "passport_number": PASSPORT,
        "passport_expires_on": """
            护照有效期 | 护照有效期至 | 护照有效期止 | 护照到期日 | 护照到期日期
            Passport expires on | Passport expires | Passport expiry | Passport expiry date
            Passport valid until
            Срок действия паспорта | Паспорт действителен до | Паспорт до
        """,
        "mrz": """
            护照机读码 | 机读码 | 机读区 | 护照机读区
            MRZ | Passport MRZ | MRZ line 2 | Machine-readable line
            МСЗ | Машиносчитываемая строка | Машиносчитываемая зона
        """,
        "nationality": "国籍 | 国籍代码 | Nationality | Citizenship | Country | Гражданство",
        "licence_class": """
            准驾车型 | 驾照类型 | 驾驶证类型 | 驾照等级 | 驾照类别 | 准驾类型
            Licence class | License class | Driving licence class | Licence category | License category
            Категория прав | Категория | Категории ВУ
        """,
        "licence_expires_on": """
            驾照有效期 | 驾照有效期至 | 驾照有效期止 | 驾驶证有效期 | 驾驶证有效期至 | 驾驶证有效期止
            驾照到期日
            Licence expires on | Licence expires | Licence expiry | License expiry | License expires
            Driving licence expires | Driving licence expiry | Licence valid until
            Срок действия прав | Права до | Срок действия ВУ
        """,
        "phone": """
            手机 | 电话 | 手机号 | 手机号码 | 联系电话 | 电话号码 | 联系方式
            Phone | Phone number | Mobile | Telephone | Tel
            Телефон | Номер телефона | Моб телефон
        """,
        "language": "语言 | 语种 | 常用语言 | Language | Язык",
    },
    "declarations": {
        "number": f"{DECLARATION} | Number",
        "supervision_mode": """
            监管方式 | 监管方式代码 | 贸易方式
            Supervision mode | Mode | Trade mode
            Режим | Таможенный режим | Способ надзора
        """,
        "status": """
            状态 | 报关单状态 | 报关状态 | 通关状态
            Status | Declaration status
            Статус | Статус декларации
        """,
        "vin": VIN,
    },
    "records": {
        "kind": """
            类型 | 记录类型 | 事件类型 | 事件
            Kind | Record kind | Type | Event
            Тип | Вид записи | Тип записи | Событие
        """,
        "occurred_at": """
            时间 | 发生时间 | 事件时间 | 过境时间 | 出境时间 | 入境时间 | 返回时间
            Occurred at | Time | Date and time | Exit time | Entry time | Return time
            Время | Дата и время | Время выезда | Время въезда | Время возвращения
        """,
        "vin": VIN,
        "passport_number": PASSPORT,
        "declaration": DECLARATION,
        "status": """
            状态 | 报关单状态
            Status | Declaration status
            Статус | Статус декларации
        """,
        "source_reference": """
            来源编号 | 来源单号 | 记录编号 | 编号 | 流水号 | 来源
            Source reference | Reference | Source | Record number
            Номер источника | Номер записи | Источник
        """,
    },
    "readiness": {
        "vin": VIN,
        "consignment": CONSIGNMENT,
        "in_yard_on": """
            入场日期 | 到场日期 | 进场日期 | 到达日期 | 入库日期
            Arrived | Arrived on | Arrival date | In the yard | In the yard on
            Прибыл | Дата прибытия | На площадке с
        """,
        "inspected_on": """
            验车日期 | 检查日期 | 检车日期 | 检验日期
            Inspected | Inspected on | Inspection date
            Осмотрен | Дата осмотра
        """,
        "charged_on": """
            充电日期 | 加油日期 | 补能日期
            Charged | Charged on | Fuelled | Fuelled on
            Заряжен | Заправлен | Дата зарядки
        """,
        "charge_percent": """
            电量 | 剩余电量 | 当前电量 | 电量百分比
            SOC | State of charge | Charge | Battery | Battery level
            Заряд | Уровень заряда | Заряд батареи
        """,
        "keys": """
            钥匙 | 钥匙数 | 钥匙数量 | 钥匙把数
            Keys | Number of keys
            Ключи | Количество ключей
        """,
    },
}

#: What a cell may say for each value.
CHOICES: Mapping[str, Mapping[str, str]] = {
    "powertrain": {
        "bev": """
            纯电动 | 纯电 | 电动 | 电动车 | 纯电动汽车
            EV | Electric | Battery electric
            Электро | Электромобиль | Электрический
        """,
        "phev": """
            插电混动 | 插电式混动 | 插电式混合动力 | 插混 | 增程 | 增程式 | 增程式电动
            EREV | REEV | Plug-in hybrid | Range extended
            Подключаемый гибрид | Плагин гибрид
        """,
        "hev": """
            混动 | 混合动力 | 油电混合 | 油电混动
            Hybrid | Full hybrid | MHEV
            Гибрид
        """,
        "petrol": "汽油 | 燃油 | 汽油车 | Gasoline | Gas | Бензин | Бензиновый",
        "diesel": "柴油 | 柴油车 | Дизель | Дизельный",
        "plant": """
            工程机械 | 装载机 | 挖掘机 | 叉车 | 推土机 | 压路机 | 平地机
            Plant machinery | Loader | Forklift | Excavator
            Спецтехника | Погрузчик | Экскаватор
        """,
    },
    "status": {
        "accepted": """
            已申报 | 已接受 | 已受理 | 接受申报
            Принята | Принято | Зарегистрирована
        """,
        "released": "已放行 | 放行 | Выпущена | Выпуск разрешен",
        "closed": "已结关 | 结关 | Закрыта | Закрыто",
        "amended": "已修改 | 改单 | 已改单 | 修改 | Изменена | Исправлена",
        "deleted": "已删除 | 删单 | 已删单 | 撤单 | 已撤销 | Удалена | Аннулирована",
    },
    "language": {
        "zh-hans": """
            中文 | 汉语 | 汉 | 普通话 | 国语
            zh | zh-CN | Chinese | Mandarin
            Китайский | Қытайша
        """,
        "ru": "俄语 | 俄文 | 俄 | Russian | Русский | Орысша",
        "kk": """
            哈语 | 哈萨克语 | 哈萨克 | 哈萨克文 | 哈
            Kazakh
            Казахский | Қазақша
        """,
        "ug": """
            维语 | 维吾尔语 | 维吾尔 | 维文 | 维
            Uyghur | Uighur
            Уйгурский | Ұйғырша
        """,
        "en": "英语 | 英文 | English | Английский | Ағылшынша",
    },
    "kind": {
        "border_exit": """
            出境 | 人员出境 | 边检出境 | 出境记录
            Border exit | Exit
            Выезд | Выезд из Китая
        """,
        "kz_entry": """
            入境哈萨克斯坦 | 哈方入境 | 哈萨克斯坦入境
            Kazakh entry
            Въезд в Казахстан
        """,
        "declaration_status": "报关单状态 | 报关状态 | Declaration status | Статус декларации",
        "return": """
            返回 | 回国 | 入境中国 | 人员返回
            Return to China
            Возвращение | Въезд в Китай
        """,
    },
    "supervision_mode": {
        "0110": "一般贸易 | General trade | Общая торговля",
        "1039": "市场采购 | 市场采购贸易 | Market purchase",
        "4019": "边境小额 | 边境小额贸易 | Small border trade | Приграничная торговля",
    },
}

#: What countries are called beside their codes and their names in CLDR.
COUNTRIES: Mapping[str, str] = {
    "CN": "中华人民共和国 | 中国籍 | PRC | КНР | ҚХР",
    "KZ": """
        哈萨克 | 哈国 | 哈萨克斯坦籍
        Republic of Kazakhstan
        РК | ҚР | Республика Казахстан
    """,
}


def names_in(text: str) -> list[str]:
    return [name for name in map(fold, re.split(r"[|\n]", text)) if name]
