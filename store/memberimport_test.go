package store

import (
	"fmt"
	"strings"
	"testing"

	"tongxing/core"
)

const memberHead = "机构|姓名|手机号|身份证号|有效期起|有效期止|备注\n"

func readMembers(t *testing.T, s *Store, by core.Actor, community core.ID, list string) core.Import {
	t.Helper()
	n := NewImport{Community: community, Kind: core.ImportMembers, File: "成员.xlsx"}
	return readKindBy(t, s, by, n, listOf(memberHead+list))
}

// memberWorld has an institution of one community, one of two and one of the other, with a member of the first.
type memberWorld struct {
	*Store
	here, there       core.ID
	own, both, others core.ID // institutions
	known             core.ID
	from, until       core.Day // the known one's
	wide              core.Actor
}

func newMemberWorld(t *testing.T, s *Store) memberWorld {
	t.Helper()
	w := memberWorld{Store: s, here: newCommunity(t, s, "翠湖花园"), there: newCommunity(t, s, "滨河苑")}
	add := func(name string, communities ...core.ID) core.ID {
		id, err := s.CreateInstitution(t.Context(), core.System, everywhere, core.Institution{Name: name, Communities: communities})
		mustDo(t, err)
		return id
	}
	w.own, w.both, w.others = add("顺丰速运", w.here), add("京东物流", w.here, w.there), add("圆通速递", w.there)
	w.from, w.until = today(s), today(s)+30
	id, err := s.CreateMember(t.Context(), core.System, everywhere, core.Member{
		Institution: w.own, Name: "骑手甲", Phone: "13700000001", IDNumber: "E12345678", From: w.from, Until: w.until,
	})
	mustDo(t, err)
	w.known = id
	account := testAccount("wide")
	account.Scope = everywhere
	w.wide = core.Actor{Kind: core.ActorAccount, ID: mustAccount(t, s, account).ID, Name: "周敏"}
	return w
}

// Each row of a list of members, what it does, and that undoing it restores everything, passes among it.
func TestImportMembers(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		w := newMemberWorld(t, s)
		day := func(days core.Day) string { return (w.until + days).String() }
		before := register()
		list := strings.NewReplacer("END", day(60), "OVER", (w.from - 9).String(), "FAR", day(9999)).Replace(`
			顺 丰速运 | 乙 | 137 0000 0002 | | | END | 送件
			顺丰速运 | 骑手 甲 | 13700000001 | | | END | 老员工
			顺丰速运 | 丙 | 13700000001 | | | END |
			京东物流 | 丁 | 13700000003 | | | END |
			圆通速递 | 戊 | 13700000004 | | | END |
			没有的 | 己 | 13700000005 | | | END |
			顺丰速运 | 庚 | 13700000006 | | | |
			顺丰速运 | 辛 | 13700000007 | | | OVER |
			顺丰速运 | 壬 | 13700000008 | | END | OVER |
			顺丰速运 | 癸 | 13700000009 | | | FAR |
			顺丰速运 | | 110 | 1 | 昨天 | END |
			顺丰速运 | 骑手甲 | 13700000011 | E12345678 | | END |
			顺丰速运 | 子 | 13700000012 | E12345679 | | END |
			顺丰速运 | 子 | 13700000013 | E12345679 | | END |`)
		narrow := core.Actor{Kind: core.ActorAccount, ID: 7, Name: "周敏"}
		wantRows(t, s, readMembers(t, s, narrow, w.here, list), "2 new", "3 wrong by phone !同号不同名", "4 wrong !同号不同名",
			"5 wrong !还进入其他小区", "6 wrong !没有这个机构", "7 wrong !没有这个机构", "8 wrong !缺少有效期止", "9 wrong !有效期止有误",
			"10 wrong !有效期有误", "11 wrong !有效期止有误", "12 wrong !手机号有误 !身份证号有误 !有效期起有误 !缺少姓名",
			"13 wrong by id_number !与另一行是同一成员", "14 wrong !同证件不同手机", "15 wrong !同证件不同手机")
		good := strings.ReplaceAll(`
			顺丰速运 | 乙 | 13700000002 | | | END | 送件
			顺丰速运 | 骑手甲 | 13700000001 | | | END | 老员工
			京东物流 | 丁 | 13700000003 | E12345670 | | END |
			圆通速递 | 戊 | 13700000004 | | | END |
			圆通速递 | 戊 | 13700000004 | | | END |`, "END", day(60))
		imp := readMembers(t, s, w.wide, w.here, good)
		wantRows(t, s, imp, "2 new", "3 changed by phone", "4 new", "5 new", "6 same by row")
		imp = writeList(t, s, imp, core.ImportChoices{Known: core.ImportUpdate})
		if imp.State != core.ImportDone || imp.Words() != "添加 3 名成员，修改 1 名成员" {
			t.Fatalf("written: %+v", imp)
		}
		m, err := s.Member(t.Context(), everywhere, w.known)
		if err != nil || m.Until != w.until+60 || m.From != w.from || m.Remark != "老员工" || m.Name != "骑手甲" {
			t.Errorf("changed: %+v, %v", m, err)
		}
		added, _, err := s.Members(t.Context(), everywhere, MemberFilter{Institution: w.both, Page: Page{Limit: 9}})
		if err != nil || len(added) != 1 || added[0].Pass == 0 || added[0].Person == 0 || added[0].From != today(s) ||
			added[0].IDNumber == "" {
			t.Errorf("added: %+v, %v", added, err)
		}
		again := readMembers(t, s, w.wide, w.here, good)
		wantRows(t, s, again, "2 same by phone", "3 same by phone", "4 same by phone", "5 same by phone", "6 same by row")
		plan, _, err := s.PlanUndo(t.Context(), core.ScopeOf(w.here), imp.Batch)
		if err != nil || len(plan) != 2 || plan[0].Why == "" {
			t.Errorf("who has one community would keep %+v, %v", plan, err)
		}
		if imp = undoListBy(t, s, w.wide, imp); imp.State != core.ImportUndone {
			t.Errorf("undone: %+v", imp)
		}
		if after := register(); after != before {
			t.Error("after undoing:", difference(strings.Split(before, "\n"), strings.Split(after, "\n")))
		}
	})
}

// What was decided for known members is done; who was added or changed since the preview, was disabled or has passed a door
// is left alone, and the institution's own communities bind who undoes it.
func TestImportedMembersChangedMeanwhile(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newMemberWorld(t, s)
		ctx, end := t.Context(), (today(s) + 90).String()
		list := fmt.Sprintf(`
			顺丰速运 | 骑手甲 | 13700000001 | | | %[1]s | 备注
			顺丰速运 | 乙 | 13700000002 | | | %[1]s |
			顺丰速运 | 丙 | 13700000003 | | | %[1]s |
			顺丰速运 | 丁 | 13700000004 | | | %[1]s |`, end)
		imp := readMembers(t, s, w.wide, w.here, list)
		_, err := s.CreateMember(ctx, core.System, everywhere, core.Member{
			Institution: w.own, Name: "乙", Phone: "13700000002", From: w.from, Until: w.until,
		})
		mustDo(t, err)
		imp = writeList(t, s, imp, core.ImportChoices{Known: core.ImportFill})
		if imp.Written.Of(core.ImportNew) != 2 || imp.Written.Of(core.ImportChanged) != 1 || imp.Written.Of(core.ImportWrong) != 1 {
			t.Fatalf("written: %v", imp.Written)
		}
		if words := wrongWords(t, s, imp); !strings.Contains(words, "现在已登记了这名成员") {
			t.Errorf("it does not say what has changed: %s", words)
		}
		m, err := s.Member(ctx, everywhere, w.known)
		if err != nil || m.Until != w.until || m.Remark != "备注" {
			t.Errorf("filled in: %+v, %v", m, err)
		}
		added := map[string]core.Member{}
		all, _, err := s.Members(ctx, everywhere, MemberFilter{Institution: w.own, Page: Page{Limit: 9}})
		mustDo(t, err)
		for _, m := range all {
			added[m.Name] = m
		}
		mustDo(t, s.DisableMember(ctx, core.System, everywhere, added["丙"].ID))
		p := visitSite{scanSite: scanSite{community: w.here, post: newPost(t, s, w.here)}}
		if d := mustScan(t, s, p.scan(added["丁"].Pass, core.In, 1)); !d.Allowed {
			t.Fatalf("a member who was imported is refused: %+v", d)
		}
		wantRows(t, s, readMembers(t, s, w.wide, w.here, "顺丰速运|丙|13700000003|||"+end+"|"), "2 wrong !与登记冲突")
		imp = undoListBy(t, s, w.wide, imp)
		items, _, err := s.BatchItems(ctx, core.Batch{ID: imp.Batch, Kind: core.BatchImportMembers}, BatchItemFilter{Page: Page{Limit: 9}})
		whys := map[core.ID]core.BatchWhy{}
		for _, item := range items {
			whys[item.Thing] = item.Why
		}
		if err != nil || whys[w.known] != "" || whys[added["丙"].ID] != core.BatchChanged || whys[added["丁"].ID] != core.BatchRecords {
			t.Errorf("kept %v, %v", whys, err)
		}
		if m, err := s.Member(ctx, everywhere, w.known); err != nil || m.Remark != "" {
			t.Errorf("undone: %+v, %v", m, err)
		}
	})
}

// A number that another has by now is not given back.
func TestUndoImportedMemberWhoseNumberIsTaken(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newMemberWorld(t, s)
		imp := readMembers(t, s, w.wide, w.here, "顺丰速运|骑手甲|13700000009|E12345678||"+(w.until+1).String()+"|")
		wantRows(t, s, imp, "2 changed by id_number")
		imp = writeList(t, s, imp, core.ImportChoices{Known: core.ImportUpdate})
		_, err := s.CreateMember(t.Context(), core.System, everywhere, core.Member{
			Institution: w.own, Name: "骑手乙", Phone: "13700000001", From: w.from, Until: w.until,
		})
		mustDo(t, err)
		imp = undoListBy(t, s, w.wide, imp)
		b, err := s.Batch(t.Context(), everywhere, imp.Batch)
		m, _ := s.Member(t.Context(), everywhere, w.known)
		if err != nil || b.Kept != 1 || m.Until != w.until+1 {
			t.Errorf("undone: %+v, %+v, %v", b, m, err)
		}
	})
}

// A list of members is written once by two servers at once, and one that adds the same people beside it adds nobody twice.
func TestMembersImportedTwiceAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newMemberWorld(t, s)
		list, end := "", (today(s) + 90).String()
		for n := range 50 {
			list += fmt.Sprintf("顺丰速运|骑手%d|137000100%02d|||%s|\n", n, n, end)
		}
		var imports []core.Import
		for _, community := range []core.ID{w.here, w.there} {
			imp := readMembers(t, s, w.wide, community, list)
			mustDo(t, s.WriteImport(t.Context(), w.wide, everywhere, imp.ID, core.ImportChoices{Known: core.ImportUpdate},
				imp.Updated.UnixMilli()))
			imports = append(imports, imp)
		}
		errs := make(chan error)
		for _, imp := range imports {
			go func() { errs <- discard(s.WriteImportRows(t.Context(), imp.ID, anyStep)) }()
		}
		for range imports {
			mustDo(t, <-errs)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM institution_member WHERE institution_id = ?", int64(w.own)); n != 51 {
			t.Errorf("%d members", n)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM pass WHERE kind = 'dedicated'"); n != 51 {
			t.Errorf("%d passes", n)
		}
	})
}
