package core

import (
	"strconv"
	"testing"
)

// What was counted is told in the words of the pages, and urgent releases only where there are any.
func TestRecordTotalsText(t *testing.T) {
	for want, totals := range map[string]RecordTotals{
		"进门 3，出门 2，拒绝 1":          {In: 3, Out: 2, Refused: 1},
		"进门 0，出门 1，拒绝 0；其中紧急放行 1": {Out: 1, Urgent: 1},
	} {
		if got := totals.Text(strconv.Itoa); got != want {
			t.Errorf("%+v: %q, want %q", totals, got, want)
		}
	}
}
