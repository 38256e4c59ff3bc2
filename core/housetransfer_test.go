package core

import (
	"errors"
	"testing"
)

func TestTheDayOfATransferIsSaidToBeWrong(t *testing.T) {
	const today = Day(20_000)
	for day, want := range map[Day]string{
		0: "请选择过户日期", today - 1: "过户日期不能早于今天", today: "", today + MaxTransferDays: "",
		today + MaxTransferDays + 1: "过户日期最晚为一年以内",
	} {
		transfer := HouseTransfer{Day: day, Owner: Resident{Name: "王芳", Phone: "13800138000"}, Family: TransferLeave, Tenants: TransferStay}
		_, err := transfer.Normalized(today)
		var wrong *Error
		if got := errors.As(err, &wrong); got != (want != "") || got && wrong.Fields["day"] != want {
			t.Errorf("%d: %v, want %q", day, err, want)
		}
	}
}
