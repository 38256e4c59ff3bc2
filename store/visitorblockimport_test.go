package store

import (
	"fmt"
	"strings"
	"testing"

	"tongxing/core"
)

func readBlockList(t *testing.T, s *Store, community core.ID, list string) core.Import {
	t.Helper()
	n := NewImport{Community: community, Kind: core.ImportBlocks, File: "黑名单.xlsx"}
	return readKind(t, s, n, listOf("号码|原因|截止日期\n"+list))
}

// blacklist returns the entries of a community, the oldest first.
func blacklist(t *testing.T, s *Store, community core.ID) string {
	t.Helper()
	list, _, err := s.VisitorBlocks(t.Context(), everywhere, VisitorBlockFilter{Community: community, Page: Page{Limit: 99}})
	if err != nil {
		t.Fatal(err)
	}
	words := make([]string, len(list))
	for i, b := range list {
		words[len(list)-1-i] = fmt.Sprint(b.Kind, " ", b.Value, " ", b.Reason, " ", b.LastDay != 0)
	}
	return strings.Join(words, "; ")
}

// A list adds numbers of every kind, changes the reason and the end of those that are on the blacklist, and names what is wrong;
// the same list again changes nothing, and undoing gives back what was. A visitor whose number was imported does not come in.
func TestImportVisitorBlocks(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		own := p.invite(t, s, func(v *core.VisitorPass) { v.Phone, v.Plate = "13700000002", "" })
		_, err := s.CreateVisitorBlocks(t.Context(), core.System, everywhere, p.community, []core.VisitorBlock{
			{Kind: core.BlockPhone, Value: "13700000001", Reason: "滋扰"}, {Kind: core.BlockPlate, Value: "京A54321", Reason: "堵门"},
		})
		mustDo(t, err)
		before := blacklist(t, s, p.community)
		list := strings.NewReplacer("END", (today(s) + 30).String(), "OVER", (today(s) - 1).String()).Replace(`
			13700000001 | 又滋扰 | END
			137 0000 0002 | 推销 | 长期
			京A·54321 | 堵门 |
			11010119900307109X | 冒用他人名义 |
			1370000000 | 少一位 |
			137****0001 | 隐去 |
			京A12345 | |
			京A88888 | 过期 | OVER
			京A99999 | 甲 |
			京A99999 | 乙 |`)
		imp := readBlockList(t, s, p.community, list)
		wantRows(t, s, imp, "2 changed", "3 new", "4 same", "5 new", "6 wrong !手机号、证件号或车牌有误", "7 wrong !手机号、证件号或车牌有误",
			"8 wrong !缺少原因", "9 wrong !截止日期已过", "10 wrong !与另一行矛盾", "11 wrong !与另一行矛盾")
		if blacklist(t, s, p.community) != before {
			t.Error("reading has changed the blacklist")
		}
		imp = writeList(t, s, imp, core.ImportChoices{})
		if imp.State != core.ImportDone || imp.Words() != "加入 2 条，修改 1 条" {
			t.Fatalf("written: %+v", imp)
		}
		want := "phone 137****0001 又滋扰 true; plate 京A***21 堵门 false; phone 137****0002 推销 false; id "
		if got := blacklist(t, s, p.community); !strings.HasPrefix(got, want) {
			t.Errorf("the blacklist is %s", got)
		}
		if d := mustScan(t, s, p.scan(own.Pass, core.In, 1)); d.Allowed {
			t.Error("a visitor whose number was imported comes in")
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'visitorblock.import'"); n != 1 {
			t.Errorf("%d lines of the import", n)
		}
		again := readBlockList(t, s, p.community, list)
		if n := again.Counts.Of(core.ImportChanged, core.ImportNew); n != 0 {
			t.Errorf("the same list again would change %d", n)
		}
		if imp = undoList(t, s, imp); imp.State != core.ImportUndone || blacklist(t, s, p.community) != before {
			t.Errorf("undone: %+v, %s", imp, blacklist(t, s, p.community))
		}
		if d := mustScan(t, s, p.scan(own.Pass, core.In, 2)); !d.Allowed {
			t.Errorf("after undoing: %+v", d)
		}
	})
}

// What somebody did between the preview and the writing is not overwritten, and what was changed after the import is kept.
func TestBlocksChangedMeanwhileAreKept(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		add := func(plate, reason string) {
			_, err := s.CreateVisitorBlocks(t.Context(), core.System, everywhere, community, []core.VisitorBlock{
				{Kind: core.BlockPlate, Value: plate, Reason: reason},
			})
			mustDo(t, err)
		}
		add("京A00001", "原来")
		imp := readBlockList(t, s, community, "京A00001|文件\n京A00002|文件\n京A00003|文件\n")
		add("京A00001", "别人改的")
		add("京A00002", "别人加的")
		imp = writeList(t, s, imp, core.ImportChoices{})
		if imp.Written.Of(core.ImportNew) != 1 || imp.Written.Of(core.ImportWrong) != 2 {
			t.Errorf("written: %v", imp.Written)
		}
		add("京A00003", "之后改的")
		undoList(t, s, imp)
		if got := blacklist(t, s, community); got != "plate 京A***01 别人改的 false; plate 京A***02 别人加的 false; plate 京A***03 之后改的 false" {
			t.Errorf("the blacklist is %s", got)
		}
	})
}
