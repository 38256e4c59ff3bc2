package console

import (
	"net/http"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
	"tongxing/wechat/simulator"
)

// If two people change the same record, the second to save is told what the first changed, and
// overwrites it only knowingly.
func TestAnEditOfWhatAnotherHasChanged(t *testing.T) {
	d := newDesk(t)
	scope := core.Everywhere
	b := d.SignIn(t, scope, core.Permissions()...)
	account, err := d.Store.CreateAccount(t.Context(), core.SystemGranter, core.Account{
		Login: "lisi", Name: "李四", Role: core.RoleClerk, Permissions: []core.Permission{core.PermAccessRecordView},
		Scope: core.ScopeOf(d.Mine.Community),
	}, "correct-horse-7")
	if err != nil {
		t.Fatal(err)
	}
	observer, err := d.Store.CreateObserver(t.Context(), core.System, scope, core.Observer{
		Name: "赵警官", Capacity: "社区民警", Phone: "13800138000", Communities: []core.ID{d.Mine.Community},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Frame.Wechat = &desk.Wechat{}
	app, err := d.Store.CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App:  core.WechatApp{Kind: core.WechatOfficial, Name: "公众号", AppID: "wx00000000000000a1", Scope: core.Everywhere},
		Keys: core.WechatKeys{Secret: strings.Repeat("s", 32), Token: "token123"},
	})
	if err != nil {
		t.Fatal(err)
	}
	people := []simulator.Person{{Key: "zhou", Follows: []string{desk.OfficialID}}}
	sim := d.Official(t, core.ScopeOf(d.Mine.Community), people...)
	follower := d.Follows(t, sim, "zhou").ID
	official := d.Frame.Wechat.Official(desk.OfficialID)
	tag := core.FollowerTag{AppID: desk.OfficialID, Name: "业主"}
	if tag.Number, err = official.CreateTag(t.Context(), tag.Name); err != nil {
		t.Fatal(err)
	}
	if tag.ID, err = d.Store.CreateFollowerTag(t.Context(), core.System, core.Everywhere, tag); err != nil {
		t.Fatal(err)
	}
	staff, err := d.Store.CreateStaff(t.Context(), core.System, scope, core.Staff{
		Name: "李娜", Sex: "female", Position: "客服", Phone: "13800138001", Communities: []core.ID{d.Mine.Community},
	}, []string{"工程部"})
	if err != nil {
		t.Fatal(err)
	}
	reply, err := d.Store.CreateWechatReply(t.Context(), core.System, core.Everywhere, core.WechatReply{
		AppID: "wx00000000000000a1", Kind: core.ReplyContains, Word: "物业", Text: "您好",
	})
	if err != nil {
		t.Fatal(err)
	}
	client, _, err := d.Store.CreateOpenClient(t.Context(), core.System, core.OpenClient{
		Name: "收费软件", Calls: []core.OpenCall{core.CallHouseArrears}, Scope: core.Everywhere, Rate: core.DefaultOpenRate,
	})
	if err != nil {
		t.Fatal(err)
	}
	group, err := d.Store.CreateReaderGroup(t.Context(), core.System, scope, core.ReaderGroup{Community: d.Mine.Community, Name: "一期"})
	if err != nil {
		t.Fatal(err)
	}
	institution, err := d.Store.CreateInstitution(t.Context(), core.System, scope, core.Institution{
		Name: "顺丰速运", Communities: []core.ID{d.Mine.Community},
	})
	if err != nil {
		t.Fatal(err)
	}
	today := core.DayOf(d.Store.Now(), d.Store.Zone())
	member, err := d.Store.CreateMember(t.Context(), core.System, scope, core.Member{
		Institution: institution, Name: "骑手甲", Phone: "13700137088", From: today, Until: today,
	})
	if err != nil {
		t.Fatal(err)
	}
	edits := map[string]struct {
		id            core.ID
		first, second [2]string // a field and its new value
		saved         string    // the first one's new value as text
	}{
		frame.CommunityPath: {d.Mine.Community, [2]string{"phone", "0755-1"}, [2]string{"address", "滨河路 1 号"}, "0755-1"},
		frame.HousePath:     {d.Mine.Houses[0], [2]string{"arrears", "555.00"}, [2]string{"level2", "909"}, "555.00"},
		frame.ResidentPath: {
			d.Mine.Residents[0].ID, [2]string{"identity", string(core.Family)}, [2]string{"name", "张三丰"},
			core.Family.Label(),
		},
		frame.ReaderPath:      {d.Mine.Doors[0].ID, [2]string{"firmware", "V9"}, [2]string{"name", "北门读头"}, "V9"},
		frame.ReaderGroupPath: {group, [2]string{"name", "一期各门"}, [2]string{"readers", d.Mine.Doors[0].ID.String()}, "一期各门"},
		frame.GuardPostPath:   {d.Mine.Post, [2]string{"direction", string(core.In)}, [2]string{"name", "北门岗"}, "进门"},
		frame.GuardPath:       {d.Mine.Guard, [2]string{"name", "王师傅"}, [2]string{"phone", "13900001111"}, "王师傅"},
		frame.ObserverPath:    {observer, [2]string{"may_export", "1"}, [2]string{"capacity", "网格员"}, "开"},
		frame.InstitutionPath: {institution, [2]string{"remark", "合同"}, [2]string{"name", "圆通"}, "合同"},
		frame.MemberPath:      {member, [2]string{"name", "骑手乙"}, [2]string{"until", (today + 9).String()}, "骑手乙"},
		frame.StaffPath:       {staff, [2]string{"grade", "三级"}, [2]string{"name", "李娜娜"}, "三级"},
		frame.WechatAppPath:   {app, [2]string{"name", "公众号甲"}, [2]string{"name", "公众号乙"}, "公众号甲"},
		frame.OpenClientPath:  {client, [2]string{"rate", "7"}, [2]string{"name", "新名称"}, "7"},
		frame.AccountPath:     {account, [2]string{"name", "李四光"}, [2]string{"role", string(core.RoleManager)}, "李四光"},
		frame.FollowerPath:    {follower, [2]string{"remark", "王先生"}, [2]string{"remark", "李女士"}, "王先生"},
		frame.FollowerTagPath: {tag.ID, [2]string{"name", "租客"}, [2]string{"name", "长租"}, "租客"},
		frame.WechatReplyPath: {reply, [2]string{"word", "保洁"}, [2]string{"text", "您好，请说"}, "保洁"},
	}
	for _, r := range d.Routes {
		path, edit := strings.CutSuffix(r.Path, "/:id/edit")
		if _, tested := edits[path]; edit && !tested {
			t.Errorf("%s is not tested", r.Path)
		}
	}
	for path, e := range edits {
		t.Run(strings.TrimPrefix(path, "/console/"), func(t *testing.T) {
			to := path + "/" + e.id.String()
			first, second := desk.FilledIn(b.Get(t, to+"/edit", http.StatusOK)), desk.FilledIn(b.Get(t, to+"/edit", http.StatusOK))
			if first.Get(templates.SeenField) == "" {
				t.Fatal("the form does not say what it was made on")
			}
			first.Set(e.first[0], e.first[1])
			b.Post(t, to, first, http.StatusSeeOther)
			second.Set(e.second[0], e.second[1])
			page, _ := b.Post(t, to, second, http.StatusConflict)
			if said := page.Find("#f-" + e.first[0] + "-error, .tx-wrong"); !strings.Contains(said.Text(), "现在保存的是："+e.saved) {
				t.Errorf("does not say what is saved now: %q", strings.Join(
					strings.Fields(page.Find("main form.tx-form").First().Text()), " ",
				))
			}
			if now := desk.FilledIn(b.Get(t, to+"/edit", http.StatusOK)); now.Get(e.first[0]) != e.first[1] {
				t.Errorf("the first one's change is lost: %v", now)
			}
			shown := desk.FilledIn(page)
			if shown.Get(e.second[0]) != e.second[1] {
				t.Errorf("the form lost what was typed: %v", shown)
			}
			// An invalid form in between does not count as having seen the saved state.
			stale := shown.Get(templates.SeenField)
			if stale == second.Get(templates.SeenField) {
				t.Error("the form is still made on what was there before")
			}
			b.Post(t, to, shown, http.StatusSeeOther)
			if now := desk.FilledIn(b.Get(t, to+"/edit", http.StatusOK)); now.Get(e.first[0]) == e.first[1] {
				t.Errorf("what was saved knowingly is not there: %v", now)
			}
		})
	}
}

// An invalid stale form stays stale.
func TestAWrongEditStaysOnWhatItWasMadeOn(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	to := frame.ReaderURL(d.Mine.Doors[0].ID)
	form := desk.FilledIn(b.Get(t, to+"/edit", http.StatusOK))
	reader, err := d.Store.Reader(t.Context(), core.Everywhere, d.Mine.Doors[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	reader.Firmware = "V9"
	if _, err := d.Store.UpdateReader(t.Context(), core.System, core.Everywhere, reader); err != nil {
		t.Fatal(err)
	}
	seen := form.Get(templates.SeenField)
	form.Set("name", " ")
	page, _ := b.Post(t, to, form, http.StatusUnprocessableEntity)
	if again := desk.FilledIn(page); again.Get(templates.SeenField) != seen {
		t.Errorf("made on %q, then on %q", seen, again.Get(templates.SeenField))
	}
	form.Set("name", "北门读头")
	b.Post(t, to, form, http.StatusConflict)
}

// A draft stays based on the state it was written on, however long its writer was away.
func TestADraftStaysOnWhatItWasMadeOn(t *testing.T) {
	d := newDesk(t)
	observer, err := d.Store.CreateObserver(t.Context(), core.System, core.Everywhere, core.Observer{
		Name: "赵警官", Capacity: "社区民警", Phone: "13800138000", Communities: []core.ID{d.Mine.Community},
	})
	if err != nil {
		t.Fatal(err)
	}
	admin := d.SignIn(t, core.Everywhere, core.Permissions()...)
	to := frame.ObserverPath + "/" + observer.String()
	form := desk.FilledIn(admin.Get(t, to+"/edit", http.StatusOK))
	seen := form.Get(templates.SeenField)
	form.Set("name", "钱警官")
	form.Del(web.CSRFField)
	b, _ := d.Expelled(t, "typist", core.PermObserverView, core.PermObserverEdit)
	_, signIn := b.Post(t, to, form, http.StatusSeeOther)

	first := desk.FilledIn(admin.Get(t, to+"/edit", http.StatusOK))
	first.Set("capacity", "网格员")
	admin.Post(t, to, first, http.StatusSeeOther)

	b.SignInAgain(t, signIn, "typist", desk.OwnPassword)
	draft := desk.FilledIn(b.Resume(t))
	if draft.Get(templates.SeenField) != seen || draft.Get("name") != "钱警官" {
		t.Fatalf("resumed as %v, made on %s", draft, seen)
	}
	draft.Del(web.CSRFField)
	page, _ := b.Post(t, to, draft, http.StatusConflict)
	if !strings.Contains(page.Find("main form.tx-form").Text(), "现在保存的是：网格员") || desk.InputValue(page, "name") != "钱警官" {
		t.Errorf("the page says %q", strings.Join(strings.Fields(page.Find("main form.tx-form").Text()), " "))
	}
}
