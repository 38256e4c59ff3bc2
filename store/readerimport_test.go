package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
)

func readReaderList(t *testing.T, s *Store, community core.ID, list string) core.Import {
	t.Helper()
	n := NewImport{Community: community, Kind: core.ImportReaders, File: "读头.xlsx"}
	return readKind(t, s, n, listOf("名称|所在的门|方向|协议|设备号|分组|服务楼栋|通行证|接受二维码|带测温|心跳间隔（秒）\n"+list))
}

func readersOf(t *testing.T, s *Store, community core.ID) []core.Reader {
	t.Helper()
	list, _, err := s.Readers(t.Context(), everywhere, ReaderFilter{Community: community, Page: Page{Limit: 999}})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A list adds readers with their groups and buildings, each with a secret of its own, leaves those that are known, and names what
// is wrong; the same list again changes nothing, and undoing removes what nobody has touched and no device has called.
func TestImportReaders(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		community := newCommunity(t, s, "翠湖花园")
		newHouses(t, s, community, 2)
		group, err := s.CreateReaderGroup(ctx, readerAdmin, everywhere, core.ReaderGroup{Community: community, Name: "一期各门"})
		mustDo(t, err)
		known, _ := makeReader(t, s, aReader(community, "K1"))
		tree, err := s.BuildingTree(ctx, everywhere, community)
		mustDo(t, err)
		list := fmt.Sprintf(`
			东门入口 | 东门 | 进 | 微光 / VBar（HTTP） | VG1 | 一期各门 | %s | 住户通行证 | 否 | 是 | 90
			西门出口 | 西门 | 出门 | QR-86 | M1 | | 全小区 | | | |
			北门 | 北门 | in | vbar | 0001-0002 | | | | | |
			东门出口 | 东门 | 出 | vguang | K1 | | | | | |
			改了名 | 东门 | 出 | vguang | K1 | | | | | |
			南门 | 南门 | 出 | 没有的 | X1 | | | | | |
			南门 | 南门 | 斜 | vguang | X2 | | | | | |
			南门 | 南门 | 出 | vguang | 号 | | | | | |
			南门 | 南门 | 出 | vguang | X3 | 二期 | | | | |
			南门 | 南门 | 出 | vguang | X4 | | 99栋 | | | |
			南门 | 南门 | 出 | vguang | X5 | | | 贵宾 | | |
			南门 | 南门 | 出 | vguang | X6 | | | | | | 5
			 | 南门 | 出 | vguang | X7 | | | | | |
			甲 | 南门 | 出 | vguang | X8 | | | | | |
			乙 | 南门 | 出 | vguang | X8 | | | | | |`, tree[0].Name)
		imp := readReaderList(t, s, community, list)
		wantRows(t, s, imp, "2 new", "3 new", "4 new", "5 wrong !与另一行矛盾", "6 wrong !与另一行矛盾", "7 wrong !协议有误", "8 wrong !方向有误",
			"9 wrong !设备号有误", "10 wrong !分组有误", "11 wrong !服务楼栋有误", "12 wrong !通行证有误", "13 wrong !心跳间隔（秒）有误",
			"14 wrong !缺少名称", "15 wrong !与另一行矛盾", "16 wrong !与另一行矛盾")
		if n := len(readersOf(t, s, community)); n != 1 {
			t.Errorf("reading has added %d readers", n-1)
		}
		imp = writeList(t, s, imp, core.ImportChoices{})
		if imp.State != core.ImportDone || imp.Words() != "添加 3 台读头" {
			t.Fatalf("written: %+v", imp)
		}
		all := readersOf(t, s, community)
		one, two, three := all[1], all[2], all[3]
		if one.Group != group || !slices.Equal(one.ScopeNodes, []core.ID{tree[0].ID}) || one.QRAllowed || !one.Thermometer ||
			!slices.Equal(one.Kinds, []core.PassKind{core.PassResident}) || one.HeartbeatSeconds != 90 || one.Direction != core.In {
			t.Errorf("the first is %+v", one)
		}
		if two.Protocol != core.ProtocolMcardsea || !two.QRAllowed || two.HeartbeatSeconds != 12*3600 ||
			len(two.Kinds) != len(core.ReaderKinds()) || three.Serial != "0001-0002" || three.HeartbeatSeconds != 60 {
			t.Errorf("the others are %+v, %+v", two, three)
		}
		secret, err := s.RevealReaderSecret(ctx, readerAdmin, everywhere, one.ID)
		if found, _ := s.ReaderBySecret(ctx, one.Protocol, secret); err != nil || found.ID != one.ID {
			t.Errorf("its secret leads to %v, %v", found.ID, err)
		}
		again := readReaderList(t, s, community, strings.Join(strings.Split(list, "\n")[:4], "\n"))
		wantRows(t, s, again, "2 same", "3 same", "4 same")
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'reader.import'"); n != 1 {
			t.Errorf("%d lines of the import", n)
		}

		mustDo(t, s.DisableReader(ctx, readerAdmin, everywhere, two.ID))
		s.mustRun(t, "UPDATE reader SET last_seen_at = 1 WHERE id = ?", int64(three.ID))
		imp = undoList(t, s, imp)
		var left []core.ID
		for _, r := range readersOf(t, s, community) {
			left = append(left, r.ID)
		}
		if imp.State != core.ImportUndone || !slices.Equal(left, []core.ID{known, two.ID, three.ID}) {
			t.Errorf("undone: %+v, left %v", imp, left)
		}
		if _, err := s.ReaderBySecret(ctx, one.Protocol, secret); !core.IsNotFound(err) {
			t.Errorf("its secret after undoing: %v", err)
		}
	})
}

// A known reader with other settings is an error, and so is one that somebody has added since the preview.
func TestImportedReadersThatAreKnown(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		was, _ := makeReader(t, s, aReader(community, "K1"))
		imp := readReaderList(t, s, community, "改了名|东门|出|vguang|K1\n东门出口|东门|出|vguang|K2\n北门|北门|出|vguang|K3\n")
		wantRows(t, s, imp, "2 wrong !已登记", "3 new", "4 new")
		other := aReader(community, "K2")
		other.Name = "别人加的"
		makeReader(t, s, other)
		imp = writeList(t, s, imp, core.ImportChoices{})
		if imp.Written.Of(core.ImportNew) != 1 || imp.Written.Of(core.ImportWrong) != 1 || readerOf(t, s, was).Name != "东门出口" {
			t.Errorf("written %v", imp.Written)
		}
		if n := len(readersOf(t, s, community)); n != 3 {
			t.Errorf("%d readers", n)
		}
	})
}
