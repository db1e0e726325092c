"""A day of trade by pyshtrih 2.0.6, an independent client, over the serial port given as the argument."""

import collections
import collections.abc
import datetime
import struct
import sys

# pyshtrih was written for an older Python.
collections.Mapping = collections.abc.Mapping

from pyshtrih import excepts
from pyshtrih.device import ShtrihAllCommands, ShtrihM01F


def refused(call, kind):
    try:
        call()
    except kind:
        return
    raise AssertionError("a refusal was expected")


till = ShtrihM01F(sys.argv[1], 115200, timeout=1)
till.connect()
assert till.name == "ШТРИХ-М-01Ф"
assert till.state()["Режим ФР"].num == 4
assert till.full_state()["Заводской номер"] == 12345
till.beep()
till.open_shift()

assert till.request_table_structure(4)["Количество рядов"] == 14
till.request_field_structure(4, 1)
till.write_table(4, 11, 1, "ООО Ромашка", str)
assert till.read_table(4, 11, 1, str)["Значение"] == "ООО Ромашка"
refused(lambda: till.request_table_structure(9), excepts.Error)

till.open_check(0)
till.sale(("Молоко", 2000, 8990), department_num=1, tax1=1)
refused(lambda: till.close_check(cash=100), excepts.CloseCheckError)
assert till.close_check(cash=20000)["Сдача"] == 2020
assert till.income(10000)["Сквозной номер документа"] == 2
assert till.outcome(5000)["Сквозной номер документа"] == 3

till.open_check(2)
till.return_sale(("Хлеб", 1000, 5000), department_num=1)
till.close_check(cash=5000)

till.open_check(0)
till.sale(("Сыр", 535, 49900))
till.discount(100, text="скидка")
till.cancel_check()

till.x_report()
till.print_string("Привет")
till.print_line()
till.cut(True)
till.open_drawer()
till.feed(3, cash_tape=True)
assert till.request_monetary_register(0xF1)["Содержимое регистра"] == 17980
assert till.request_operational_register(0x94)["Содержимое регистра"] == 1

assert till.request_table_structure(1)["Количество полей"] == 10
till.request_field_structure(1, 1)
till.request_field_structure(1, 10)
till.write_table(1, 1, 1, 5, int)
assert till.read_table(1, 1, 1, int)["Значение"] == 5

assert till.fs_state()["Номер последнего ФД"] == 3
till.fs_expiration_time()
till.fs_info_exchange()
assert till.fs_unconfirmed_document_count()["Количество неподтверждённых ФД"] == 0
assert till.fs_shift_params()["Номер чека"] == 2
assert till.fs_find_document_by_num(2)["Тип фискального документа"] == 3
refused(lambda: till.fs_find_document_by_num(999), excepts.Error)

till.set_time(datetime.time(12, 30, 0))
till.set_date(datetime.date(2026, 11, 23))
till.confirm_date(datetime.date(2026, 11, 23))
assert till.full_state()["Дата"] == datetime.date(2026, 11, 23)
till.set_date(datetime.date(2026, 11, 24))
refused(lambda: till.open_check(0), excepts.OpenCheckError)
refused(lambda: till.confirm_date(datetime.date(2026, 11, 25)), excepts.Error)
till.confirm_date(datetime.date(2026, 11, 24))
till.set_datetime(datetime.datetime(2026, 11, 23, 13, 0, 0))
assert till.full_state()["Дата"] == datetime.date(2026, 11, 23)
till.repeat()
till.continue_print()
till.z_report()
assert till.state()["Режим ФР"].num == 4
till.disconnect()

everything = ShtrihAllCommands(sys.argv[1], 115200, timeout=1)
everything.connect()
everything.fs_begin_open_shift()
everything.fs_cancel_document()
refused(lambda: everything.send_tlv_struct(bytearray(4)), excepts.Error)
everything.fs_begin_open_shift()
everything.send_tlv_struct(bytearray(struct.pack("<HH", 1021, 7) + "Иванова".encode("cp866")))
assert everything.fs_open_shift()["Номер ФД"] == 5
assert everything.fs_close_shift()["Номер ФД"] == 6
everything.disconnect()
