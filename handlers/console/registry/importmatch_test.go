package registry

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
)

// The preview says whose number it is: of a further house, of another name elsewhere, and of who has left. Two rows of one person
// and one house in two spellings are told of on it, and the rest of the workbook is written.
func TestPreviewSaysWhoIsMeant(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...)
	template := frame.ImportPath + "/template.xlsx?community=" + d.Mine.Community.String()
	written(t, d, b, uploaded(t, d, b, "住户.xlsx", fill(t, download(t, b, template), map[string]string{
		"A3": "赵一", "C3": "业主", "E3": "13711110001", "H3": "88", "I3": "1", "J3": "101",
		"A4": "钱二", "C4": "业主", "E4": "13711110002", "H4": "88", "I4": "1", "J4": "102",
		"A5": "孙三", "C5": "业主", "E5": "13711110003", "H5": "88", "I5": "1", "J5": "103",
		"A6": "冯四", "C6": "业主", "E6": "13711110004", "H6": "88", "I6": "1", "J6": "107",
	})), allChosen)
	for _, name := range []string{"孙三", "冯四"} {
		found, _, err := d.Store.Residents(t.Context(), core.Everywhere, store.ResidentFilter{
			Community: d.Mine.Community, Keyword: name, Page: store.Page{Limit: 9},
		})
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		if err := d.Store.MoveOut(t.Context(), core.System, core.Everywhere, found[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	imp := uploaded(t, d, b, "住户.xlsx", fill(t, download(t, b, template), map[string]string{
		"A3": "赵一", "C3": "业主", "E3": "13711110001", "H3": "88", "I3": "1", "J3": "104",
		"A4": "李四", "C4": "业主", "E4": "13711110002", "H4": "88", "I4": "1", "J4": "104",
		"A5": "孙三", "C5": "家属", "E5": "13711110003", "H5": "88", "I5": "1", "J5": "103",
		"A6": "周五", "C6": "业主", "E6": "13711110005", "H6": "88栋", "I6": "1单元", "J6": "105",
		"A7": "周五", "C7": "家属", "E7": "13711110005", "H7": "88号楼", "I7": "一单元", "J7": "105室",
		"A8": "吴六", "C8": "业主", "E8": "13711110006", "H8": "88", "I8": "1", "J8": "106",
		"A9": "郑八", "C9": "业主", "E9": "13711110004", "H9": "88", "I9": "1", "J9": "107",
	}))
	for _, test := range []struct {
		query string
		want  []string // of each row
	}{
		{"", []string{
			"按手机号识别，已登记在 88栋1单元101", "手机号已登记给“钱二”（88栋1单元102）", "业主 （文件：家属，不改）", "第 7 行是同一人", "第 6 行是同一人", "新住户 姓名 吴六",
			"手机号是已迁出的“冯四”登记的",
		}},
		{"?known=fill&ties=1&back=1", []string{"", "", "业主 → 家属"}},
	} {
		rows := b.Get(t, frame.ImportURL(imp.ID)+test.query, http.StatusOK).Find("table.tx-whole-rows tbody tr")
		for i, want := range test.want {
			if text := strings.Join(strings.Fields(rows.Eq(i).Text()), " "); !strings.Contains(text, want) {
				t.Errorf("%s row %d: %q, want %q", test.query, i+3, text, want)
			}
		}
	}
	imp = written(t, d, b, imp, url.Values{"known": {"update"}, "ties": {"1"}, "all": {"0"}})
	if imp.State != core.ImportDone || imp.Words() != "添加 2 名住户、2 套房屋" {
		t.Errorf("%s: %s", imp.State, imp.Words())
	}
}

// The question says of how much nobody has looked yet whether it would be kept.
func TestUndoingSaysWhatWasNotLookedAt(t *testing.T) {
	kept := []core.BatchItem{{Name: "赵一", Why: core.BatchChanged}}
	for unread, want := range map[int]string{0: "", 12_345: "另有 12,345 项没有核对"} {
		if lines := strings.Join(importKept(kept, unread), "\n"); !strings.Contains(lines, "赵一") ||
			!strings.Contains(lines, want) || strings.Contains(lines, "没有核对") != (unread > 0) {
			t.Errorf("%d: %s", unread, lines)
		}
	}
}
