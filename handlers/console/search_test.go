package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
	"tongxing/wechat/simulator"
)

// found returns the page's answer to a text: titles by group, and the URLs of all links.
func found(t *testing.T, b *desk.Clerk, text string) (groups map[string][]string, links map[string][]string) {
	t.Helper()
	page, _ := b.Post(t, frame.SearchPath, url.Values{"text": {text}}, http.StatusOK)
	groups, links = map[string][]string{}, map[string][]string{}
	page.Find(".tx-find-group").Each(func(_ int, g *goquery.Selection) {
		label := g.AttrOr("aria-label", "")
		g.Find(".tx-find-title").Each(func(_ int, title *goquery.Selection) { groups[label] = append(groups[label], title.Text()) })
		g.Find("a").Each(func(_ int, a *goquery.Selection) { links[label] = append(links[label], a.AttrOr("href", "")) })
	})
	return groups, links
}

// One box finds people by part of the name, initials, number and house; houses; records; devices.
func TestSearchFindsEverything(t *testing.T) {
	d := newDesk(t)
	d.Passages(t, d.Mine, 40)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	who := d.Mine.Residents[0]
	label := desk.HouseLabel(t, d, who.House)
	given := string([]rune(who.Name)[1:])
	for _, c := range []struct{ text, group, title string }{
		{who.Name, frame.FindResidents, who.Name}, {given + string([]rune(who.Name)[0]), "", ""},
		{who.Phone, frame.FindResidents, who.Name}, {who.Phone[7:], frame.FindResidents, who.Name},
		{who.Phone[6:], frame.FindResidents, who.Name}, {store.Initials(who.Name), frame.FindResidents, ""},
		{label, frame.FindHouses, label}, {label, frame.FindResidents, who.Name},
		{who.Name, frame.FindRecords, ""}, {d.Mine.Doors[0].Name, frame.FindDevices, d.Mine.Doors[0].Name},
	} {
		groups, links := found(t, b, c.text)
		switch {
		case c.group == "":
			continue
		case c.title != "" && !slices.Contains(groups[c.group], c.title):
			t.Errorf("%q: %v, want %s among %s", c.text, groups, c.title, c.group)
		case len(groups[c.group]) == 0:
			t.Errorf("%q finds no %s: %v", c.text, c.group, groups)
		}
		for _, group := range links {
			for _, address := range group {
				if plain, err := url.QueryUnescape(address); err != nil || strings.Contains(plain, "q=") {
					t.Errorf("%q leads to %s", c.text, address)
				}
			}
		}
	}
}

// What nobody has can be added with the name or the number that was typed, by who may add it; a house or a word is not a person.
func TestSearchOffersToAdd(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	offers := func(clerk *desk.Clerk, text string) map[string]string {
		page, _ := clerk.Post(t, frame.SearchPath, url.Values{"text": {text}}, http.StatusOK)
		if none := page.Find(".tx-find-none").Text(); !strings.Contains(none, "没有找到“"+text+"”") {
			t.Errorf("%q: it says %q", text, none)
		}
		adds := map[string]string{}
		page.Find(".tx-find-answer a.btn").Each(func(_ int, a *goquery.Selection) { adds[a.Text()] = a.AttrOr("href", "") })
		return adds
	}
	for text, field := range map[string]string{"钱𠮷祥": "name", "13800001199": "phone"} {
		adds := offers(b, text)
		for _, label := range []string{"添加住户", "登记访客", "添加员工"} {
			address := adds[label]
			if address == "" || strings.Contains(address, url.QueryEscape(text)) {
				t.Errorf("%q offers %s at %q", text, label, address)
				continue
			}
			if got := desk.InputValue(b.Get(t, address, http.StatusOK), field); got != text {
				t.Errorf("%q: the form of %s has %q", text, label, got)
			}
		}
	}
	if adds := offers(b, "99-99-9901"); len(adds) > 0 {
		t.Errorf("for a house it offers %v", adds)
	}
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermResidentView, core.PermHouseView, core.PermVisitorPassView)
	if adds := offers(viewer, "钱𠮷祥"); len(adds) > 0 {
		t.Errorf("who may only look is offered %v", adds)
	}
}

// Staff are found by name, initials and whole number, by those who may see them.
func TestSearchFindsStaff(t *testing.T) {
	d := newDesk(t)
	id, err := d.Store.CreateStaff(t.Context(), core.System, core.Everywhere, core.Staff{
		Name: "欧阳志远", Sex: "male", Position: "客服", Phone: "13711112222", Communities: []core.ID{d.Mine.Community},
	}, []string{"工程部"})
	if err != nil {
		t.Fatal(err)
	}
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermStaffView)
	elsewhere := d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermStaffView)
	other := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermHouseView)
	for _, text := range []string{"欧阳志远", "志远", store.Initials("欧阳志远"), "13711112222"} {
		groups, links := found(t, b, text)
		if !slices.Contains(groups[frame.FindStaff], "欧阳志远") || !slices.Contains(links[frame.FindStaff], frame.StaffURL(id)) {
			t.Errorf("%q finds %v", text, groups)
		}
		for name, clerk := range map[string]*desk.Clerk{"elsewhere": elsewhere, "without permission": other} {
			if groups, _ := found(t, clerk, text); len(groups[frame.FindStaff]) > 0 {
				t.Errorf("%s %q finds %v", name, text, groups)
			}
		}
	}
	if err := d.Store.RemoveStaff(t.Context(), core.System, core.Everywhere, id); err != nil {
		t.Fatal(err)
	}
	if groups, _ := found(t, b, "欧阳志远"); len(groups[frame.FindStaff]) > 0 {
		t.Errorf("who left is found: %v", groups)
	}
}

// Followers are found by any two characters of their remark, by those who may see their account.
func TestSearchFindsFollowers(t *testing.T) {
	d := newDesk(t)
	sim := d.Official(t, core.ScopeOf(d.Mine.Community), simulator.Person{Key: "zhou", Follows: []string{desk.OfficialID}})
	zhou := d.Follows(t, sim, "zhou")
	zhou.Remark = "快递老周"
	if _, err := d.Store.UpdateFollowerRemark(t.Context(), core.System, core.Everywhere, zhou); err != nil {
		t.Fatal(err)
	}
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermFollowerView)
	for _, text := range []string{"快递", "递老", "老周"} {
		if groups, links := found(t, b, text); !slices.Contains(groups[frame.FindStaff], "快递老周") ||
			!slices.Contains(links[frame.FindStaff], frame.FollowerURL(zhou.ID)) {
			t.Errorf("%s finds %v", text, groups)
		}
	}
	for name, clerk := range map[string]*desk.Clerk{
		"elsewhere":          d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermFollowerView),
		"without permission": d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermHouseView),
	} {
		if groups, _ := found(t, clerk, "快递"); len(groups[frame.FindStaff]) > 0 {
			t.Errorf("%s finds %v", name, groups)
		}
	}
}

// An application is found by the name and by the house, a client of the open API by its name; neither by who may not see it.
func TestSearchFindsApplicationsAndClients(t *testing.T) {
	d := newDesk(t)
	user, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: "applicant"})
	if err == nil {
		_, err = d.Store.BindPhone(t.Context(), user.ID, "17700000001", "")
	}
	if err == nil {
		_, err = d.Store.CreateCertification(t.Context(), core.System, user.ID,
			core.CertificationRequest{House: d.Mine.Houses[0], Name: "欧阳小明", Identity: core.Owner}, store.RequestKey{Key: "k"})
	}
	if err == nil {
		_, _, err = d.Store.CreateOpenClient(t.Context(), core.Actor{Kind: core.ActorAccount, ID: 1, Operator: true}, core.OpenClient{
			Name: "欧阳收费软件", Calls: []core.OpenCall{core.CallCommunityList}, Scope: core.ScopeOf(d.Mine.Community), Rate: 5,
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	for _, text := range []string{"欧阳", desk.HouseLabel(t, d, d.Mine.Houses[0])} {
		if groups, _ := found(t, b, text); !slices.Contains(groups[frame.FindRecords], "欧阳小明") {
			t.Errorf("%s finds %v", text, groups)
		}
	}
	if groups, _ := found(t, b, "收费软件"); !slices.Contains(groups[frame.FindDevices], "欧阳收费软件") {
		t.Errorf("the client is not found: %v", groups)
	}
	for _, other := range []*desk.Clerk{
		d.SignIn(t, core.ScopeOf(d.Others.Community), core.Permissions()...), d.SignIn(t, core.Everywhere, core.PermResidentView),
	} {
		if groups, _ := found(t, other, "欧阳"); len(groups) > 0 {
			t.Errorf("another finds %v", groups)
		}
	}
}

// An entry of a blacklist is found by its plate, its whole number and its reason, and leads to itself alone, even if another has the same
// reason; neither the number nor the reason, which may name people, is in the address.
func TestSearchFindsTheBlacklist(t *testing.T) {
	d := newDesk(t)
	_, err := d.Store.CreateVisitorBlocks(t.Context(), core.System, core.Everywhere, d.Mine.Community, []core.VisitorBlock{
		{Kind: core.BlockPlate, Value: "沪A12345", Reason: "强行闯岗"}, {Kind: core.BlockPhone, Value: "13700137099", Reason: "上门推销"},
		{Kind: core.BlockPlate, Value: "沪A54321", Reason: "上门推销"},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermVisitorPassView)
	for _, text := range []string{"沪A12345", "13700137099", "闯岗"} {
		_, links := found(t, b, text)
		to := ""
		for _, link := range links[frame.FindRecords] {
			if strings.HasPrefix(link, frame.VisitorBlockPath) {
				to = link
			}
		}
		plain, err := url.QueryUnescape(to)
		for _, told := range []string{"12345", "37099", "闯岗", "推销"} {
			if err != nil || strings.Contains(plain, told) {
				t.Errorf("%q leads to %q: %v", text, to, err)
			}
		}
		if to == "" {
			t.Errorf("%q leads nowhere", text)
			continue
		}
		if rows := b.Get(t, to, http.StatusOK).Find("tbody tr"); rows.Length() != 1 {
			t.Errorf("%q leads to %d entries", text, rows.Length())
		}
	}
	for name, clerk := range map[string]*desk.Clerk{
		"elsewhere":          d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermVisitorPassView),
		"without permission": d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermHouseView),
	} {
		if groups, _ := found(t, clerk, "闯岗"); len(groups[frame.FindRecords]) > 0 {
			t.Errorf("%s finds %v", name, groups)
		}
	}
}

// If a blacklist is too long to be read for its reasons and nothing is found, the answer leads to the list, which reads all.
func TestSearchSaysWhatItHasNotRead(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermVisitorPassView)
	block := func(entries []core.VisitorBlock) {
		t.Helper()
		if _, err := d.Store.CreateVisitorBlocks(t.Context(), core.System, core.Everywhere, d.Mine.Community, entries); err != nil {
			t.Fatal(err)
		}
	}
	block([]core.VisitorBlock{{Kind: core.BlockPlate, Value: "沪A12345", Reason: "强行闯岗"}})
	for n := range 5000 / core.MaxBlocksAtOnce {
		var part []core.VisitorBlock
		for i := range core.MaxBlocksAtOnce {
			part = append(part, core.VisitorBlock{
				Kind: core.BlockPhone, Value: fmt.Sprintf("199%08d", n*core.MaxBlocksAtOnce+i), Reason: "多次滋扰",
			})
		}
		block(part)
	}
	page, _ := b.Post(t, frame.SearchPath, url.Values{"text": {"闯岗"}}, http.StatusOK)
	link := page.Find(".tx-find-group a")
	if link.Text() != "在访客黑名单中查找" || !strings.Contains(page.Find(".tx-find-none").Text(), "没有找到") {
		t.Fatalf("leads to %q", page.Find(".tx-find-answer").Text())
	}
	if rows := b.Get(t, link.AttrOr("href", ""), http.StatusOK).Find("tbody tr"); rows.Length() != 1 {
		t.Errorf("there are %d entries", rows.Length())
	}
}

// Nobody finds what is not theirs to see: neither another community's, nor of a kind without
// permission, nor an act they may not do.
func TestSearchKeepsToScopeAndPermissions(t *testing.T) {
	d := newDesk(t)
	other := d.Others.Residents[0]
	mine := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	for _, text := range []string{other.Name, other.Phone, other.Phone[7:], d.Others.Doors[0].Name} {
		page, _ := mine.Post(t, frame.SearchPath, url.Values{"text": {text}}, http.StatusOK)
		if page.Find(`a[href="`+frame.ResidentURL(other.ID)+`"]`).Length() > 0 {
			t.Errorf("%q found a resident of another community", text)
		}
	}
	clerk := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermHouseView)
	who := d.Mine.Residents[0]
	groups, _ := found(t, clerk, who.Name)
	if len(groups) > 0 {
		t.Errorf("an account without permissions found %v", groups)
	}
	label := desk.HouseLabel(t, d, who.House)
	groups, links := found(t, clerk, label)
	if !slices.Contains(groups[frame.FindHouses], label) || len(groups) > 1 {
		t.Errorf("found %v", groups)
	}
	for _, address := range links[frame.FindHouses] {
		if !strings.HasPrefix(address, frame.HousePath) {
			t.Errorf("offers %s", address)
		}
	}
	if groups, _ = found(t, clerk, "添加"); len(groups) > 0 {
		t.Errorf("offers %v", groups)
	}
}

// Numbers are masked, and every link of an answer opens for the account that got it.
func TestSearchHitsOpen(t *testing.T) {
	d := newDesk(t)
	d.Passages(t, d.Mine, 20)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	who := d.Mine.Residents[0]
	for _, text := range []string{who.Name, desk.HouseLabel(t, d, who.House), d.Mine.Doors[0].Name, "添加"} {
		page, _ := b.Post(t, frame.SearchPath, url.Values{"text": {text}}, http.StatusOK)
		if strings.Contains(page.Text(), who.Phone) {
			t.Errorf("%q shows a whole number", text)
		}
		page.Find(".tx-find-hits a").Each(func(_ int, a *goquery.Selection) {
			b.Open(t, a.AttrOr("href", ""))
		})
	}
}

// The box looks where the account works, and offers to look everywhere; what it finds then says of which community it is.
func TestSearchStaysInTheScope(t *testing.T) {
	d := newDesk(t)
	d.Passages(t, d.Mine, 20)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	who, mine := d.Mine.Residents[0], nameOf(t, d, d.Mine)
	ask := func(form url.Values) *goquery.Document {
		page, _ := b.Post(t, frame.SearchPath, form, http.StatusOK)
		return page
	}
	label := desk.HouseLabel(t, d, d.Others.Houses[0])
	atOthers := `a[href="` + frame.HouseURL(d.Others.Houses[0]) + `"]`
	if page := ask(url.Values{"text": {label}}); page.Find(atOthers).Length() != 1 || page.Find("[name=everywhere]").Length() != 0 {
		t.Error("under all communities, not all are searched, or it is offered")
	}
	b.Post(t, frame.ScopePath, url.Values{"community": {d.Mine.Community.String()}}, http.StatusSeeOther)
	for name, c := range map[string]struct {
		form       url.Values
		others     int
		everywhere int
	}{
		"where the account works": {url.Values{}, 0, 1},
		"what the page is about":  {url.Values{"within": {d.Others.Community.String()}}, 1, 1},
		"a page about all":        {url.Values{"within": {frame.AllCommunities}}, 1, 0},
		"the button":              {url.Values{"within": {d.Mine.Community.String()}, "everywhere": {"1"}}, 1, 0},
		"no community":            {url.Values{"within": {"nonsense"}}, 0, 1},
	} {
		c.form.Set("text", label)
		page := ask(c.form)
		n, buttons := page.Find(atOthers).Length(), page.Find("[name=everywhere]").Length()
		if n != c.others || buttons != c.everywhere {
			t.Errorf("%s: the other community's house %d times, the button %d times", name, n, buttons)
		}
	}
	if page := ask(url.Values{"text": {"没有的人"}}); !strings.Contains(page.Find(".tx-find-none").Text(), "“"+mine+"”没有找到“没有的人”") {
		t.Errorf("nothing found says %q", page.Find(".tx-find-none").Text())
	}
	records := ask(url.Values{"text": {who.Name}, "everywhere": {"1"}}).Find(`.tx-find-group[aria-label="记录"] .tx-find-hit`)
	records.Each(func(_ int, hit *goquery.Selection) {
		if !strings.Contains(hit.Text(), mine) {
			t.Errorf("a record does not say where: %q", strings.Join(strings.Fields(hit.Text()), " "))
		}
	})
	if records.Length() == 0 {
		t.Error("no record found")
	}
	one := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	page, _ := one.Post(t, frame.SearchPath, url.Values{"text": {label}}, http.StatusOK)
	if page.Find("[name=everywhere]").Length() != 0 {
		t.Error("an account of one community is offered all")
	}
}

// Every line of the menu, every further page and every act has an entry: by its name, by its initials
// and by its other names.
func TestSearchFindsEveryPageAndAct(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	lands := func(group, label, text string) {
		t.Helper()
		if groups, _ := found(t, b, text); !slices.Contains(groups[group], label) {
			t.Errorf("%q finds %v, not %s", text, groups[group], label)
		}
	}
	for _, text := range []string{"wxjr", "出门条", "通行证"} {
		if groups, _ := found(t, b, text); len(groups["页面"]) != len(slices.Compact(slices.Sorted(slices.Values(groups["页面"])))) {
			t.Errorf("two pages of one name: %v", groups["页面"])
		}
	}
	entries := 0
	for _, f := range core.Features {
		if f.Menu.Label != "" {
			for _, text := range append([]string{f.Menu.Label, store.Initials(f.Menu.Label)}, f.Aliases...) {
				lands("页面", f.Menu.Label, text)
			}
			entries++
		}
		if f.Under != "" && f.List != "" { // a tab
			for _, text := range append([]string{f.Noun, store.Initials(f.Noun)}, f.Aliases...) {
				lands("页面", f.Noun, text)
			}
			entries++
		}
		for _, page := range f.Pages {
			for _, text := range append([]string{page.Label, store.Initials(page.Label)}, page.Aliases...) {
				lands("页面", page.Label, text)
			}
			entries++
		}
		for _, verb := range f.Verbs {
			if slices.Contains(notInConsole, f.Stem+"."+verb.Name) {
				continue
			}
			label := f.ActLabel(verb)
			for _, text := range append(f.ActNames[verb.Name], label, verb.Label, store.Initials(label), store.Initials(verb.Label)) {
				lands("操作", label, text)
			}
			entries++
		}
	}
	if entries < 60 {
		t.Errorf("%d entries: not looking in the right place", entries)
	}
}

// What the documents that people were trained on call a page, and the tabs of a page, are found too.
func TestSearchKnowsTheOldNames(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	for text, path := range map[string]string{
		"待办": "/console/todo", "出入列表": "/console/accessrecord", "图表": "/console/accessrecord/chart",
		"机构管理": "/console/institution", "添加成员": "/console/institution/member", "住户通行证": "/console/passrule",
		"限制出入": "/console/restriction", "观察员": "/console/observer",
		"门禁读头": "/console/reader", "权限管理": "/console/reader/permission", "未登记设备": "/console/reader/quarantine",
		"门墙": "/console/reader/wall",
		"保安": "/console/guardpost", "岗位": "/console/guardpost", "未识别设备": "/console/reader/quarantine", "登录名": "/console/account",
		"修改记录": "/console/passrule",
		"门岗人员": "/console/guardpost/guard", "告警": "/console/accessalert",
		"管理中心": "/console/resident", "批量导入": "/console/resident",
		"房屋管理": "/console/house", "导出楼层": "/console/house", "楼栋": "/console/house", "楼栋图": "/console/house/plan",
		"小区": "/console/community", "楼栋结构": "/console/community",
		"权限设置": "/console/account", "角色": "/console/role", "个人信息查看": "/console/audit/view", "校验": "/console/audit/verify",
		"关于": "/console/about", "设置": "/console/setting", "后台任务": "/console/job", "批量操作": "/console/batch",
	} {
		if _, links := found(t, b, text); !slices.Contains(links["页面"], path) {
			t.Errorf("%q finds the pages %v, not %s", text, links["页面"], path)
		}
	}
	for text, label := range map[string]string{
		"撤销本次": "撤销批量操作", "cxbc": "撤销批量操作", "恢复上一版": "修改通行证设置", "hfsyb": "修改出门条设置",
		"新增住户": "添加住户", "编辑住户": "修改住户", "禁用账号": "停用账号", "创建账号": "添加账号",
		"批量解除": "解除限制出入", "批量迁出": "住户迁出",
	} {
		if groups, _ := found(t, b, text); !slices.Contains(groups["操作"], label) {
			t.Errorf("%q finds the acts %v, not %s", text, groups["操作"], label)
		}
	}
	page, _ := b.Post(t, frame.SearchPath, url.Values{"text": {"限制出入"}}, http.StatusOK)
	if text := page.Find(`.tx-find-group[aria-label="操作"]`).Text(); strings.Contains(text, "设置限制出入") {
		t.Errorf("one act by two names: %q", text)
	}
}

// notInConsole are acts that nobody does on a page of the console.
var notInConsole = []string{"bindticket.approve", "wechatuser.merge", "session.sign_in", "accessrecord.urgent", "accessrecord.declare",
	"accessrecord.vouch",
	"certification.create", "certification.withdraw", "photo.view", "resident.warn_lease", "institution.warn",
	"staff.phone", "visitorpass.apply", "visitorpass.withdraw", "exitslip.apply", "exitslip.withdraw",
	"guardshift.create", "guardshift.hand_over",
	"wechatuser.confirm", "ruleplan.start"}

// ownActs are what every account may do to itself.
var ownActs = []string{
	"修改自己的密码", "开启两步验证", "关闭两步验证", "账号绑定微信", "账号解绑微信", "结束全部登录", "取消后台任务", "下载导出文件",
}

// An account is offered the acts that its permissions allow, and no other.
func TestSearchOffersOnlyWhatOneMayDo(t *testing.T) {
	d := newDesk(t)
	offered := func(b *desk.Clerk) (labels []string) {
		for _, f := range core.Features {
			for _, verb := range f.Verbs {
				label := f.ActLabel(verb)
				if groups, _ := found(t, b, label); slices.Contains(groups["操作"], label) {
					labels = append(labels, label)
				}
			}
		}
		return slices.DeleteFunc(labels, func(label string) bool { return slices.Contains(ownActs, label) })
	}
	var views []core.Permission
	for _, permission := range core.Permissions() {
		if strings.HasSuffix(string(permission), ".view") {
			views = append(views, permission)
		}
	}
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), views...)
	if got := offered(viewer); !slices.Equal(got, []string{"查询出入记录", "查看个人出入记录"}) {
		t.Errorf("who may only look is offered %v", got)
	}
	clerk := d.SignIn(t, core.ScopeOf(d.Mine.Community), append(views, core.PermRestrictionEdit)...)
	want := []string{
		"查询出入记录", "查看个人出入记录", "限制出入", "解除限制出入", "取消预演", "取消定时修改", "结束定时修改", "撤销批量操作",
	}
	if got := offered(clerk); !slices.Equal(got, want) {
		t.Errorf("who may restrict is offered %v", got)
	}
	all := offered(d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...))
	for _, operators := range []string{"添加小区", "删除小区", "修改系统设置", "开始后台任务"} {
		if slices.Contains(all, operators) {
			t.Errorf("who does not run the deployment is offered %s", operators)
		}
	}
	for _, own := range []string{"批量添加住户", "重置密码", "生成微信绑定码", "导出住户", "接受二维码"} {
		if !slices.Contains(all, own) {
			t.Errorf("who may do it is not offered %s", own)
		}
	}
}

// A reader's, a post's and a community's links lead to exactly what is theirs, also under a chosen 范围.
func TestSearchLinksAreOfTheThing(t *testing.T) {
	d := newDesk(t)
	d.Passages(t, d.Mine, 7)
	d.Passages(t, d.Others, 5)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	rows := func(text, of string) int {
		t.Helper()
		page, _ := b.Post(t, frame.SearchPath, url.Values{"text": {text}}, http.StatusOK)
		link := page.Find(`.tx-find-hit:has(.tx-find-title:contains("` + of + `")) a:contains("出入记录")`).First()
		return b.Get(t, link.AttrOr("href", "/none"), http.StatusOK).Find("tbody tr").Length()
	}
	everything := b.Get(t, frame.AccessRecordPath+"?community=0", http.StatusOK).Find("tbody tr").Length()
	doors := 0
	for _, door := range d.Mine.Doors {
		doors += rows(door.Name, door.Name)
	}
	if doors == 0 || doors >= everything {
		t.Errorf("the readers of one community have %d records of %d", doors, everything)
	}
	who := d.Others.Residents[0]
	b.Post(t, frame.ScopePath, url.Values{"community": {d.Mine.Community.String()}}, http.StatusSeeOther)
	everywhere := url.Values{"text": {string([]rune(who.Name)[:1])}, "everywhere": {"1"}}
	page, _ := b.Post(t, frame.SearchPath, everywhere, http.StatusOK)
	more := page.Find(`.tx-find-group[aria-label="住户"] a:contains("查看全部")`)
	if more.Length() == 0 {
		t.Fatal("too few people to show that there are more")
	}
	list := b.Get(t, more.AttrOr("href", ""), http.StatusOK)
	if n := list.Find("tbody tr").Length(); n <= core.SearchHits {
		t.Errorf("查看全部 shows %d, the box had %d", n, core.SearchHits)
	}
	looker := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermCommunityView)
	place, err := d.Store.Community(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil {
		t.Fatal(err)
	}
	_, links := found(t, looker, place.Name)
	for _, group := range links {
		for _, address := range group {
			looker.Open(t, address)
		}
	}
}

// logLines receives the lines of a log.
type logLines chan string

func (l logLines) Write(line []byte) (int, error) {
	l <- string(line)
	return len(line), nil
}

// What is typed is in no address, no log and no audit row.
func TestSearchTextStaysNowhere(t *testing.T) {
	lines := make(logLines, 1000)
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(before) })
	d := newDesk(t)
	b := d.Registrar(t)
	const text = "绝无此人"
	page, to := b.Post(t, frame.SearchPath, url.Values{"text": {text}}, http.StatusOK)
	if to != "" {
		t.Errorf("led to %q", to)
	}
	for line := ""; !strings.Contains(line, frame.SearchPath); {
		if line = <-lines; strings.Contains(line, text) {
			t.Errorf("the log says %s", line)
		}
	}
	if got := page.Find(`main input[name="text"]`).AttrOr("value", ""); got != text {
		t.Errorf("the box on the page reads %q", got)
	}
	audits, _, err := d.Store.AuditRecords(t.Context(), core.Everywhere, core.AuditFilter{}, store.Page{Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range audits {
		if strings.Contains(a.Before+a.After+a.Target, text) || strings.HasPrefix(a.Action, "search") {
			t.Errorf("the audit log has %+v", a)
		}
	}
	page = b.Get(t, frame.SearchPath+"?text="+url.QueryEscape(text), http.StatusOK)
	page.Find("a[href], input[value]").Each(func(_ int, s *goquery.Selection) {
		if strings.Contains(s.AttrOr("href", "")+s.AttrOr("value", ""), text) {
			t.Error("an address's text is taken up")
		}
	})
}

// An empty box shows what was opened last, the latest first, and only what may still be opened.
func TestSearchRemembersWhatWasOpened(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	first, second := d.Mine.Residents[0], d.Mine.Residents[1]
	for _, address := range []string{
		frame.ResidentURL(first.ID), frame.HouseURL(first.House), frame.ResidentURL(second.ID),
		frame.ResidentURL(first.ID),
	} {
		b.Get(t, address, http.StatusOK)
	}
	b.Get(t, frame.ResidentURL(d.Others.Residents[0].ID), http.StatusNotFound)
	var links []string
	const recent = `.tx-find-group[aria-label="最近"] .tx-find-main a`
	b.Get(t, frame.SearchPath, http.StatusOK).Find(recent).Each(func(_ int, a *goquery.Selection) {
		links = append(links, a.AttrOr("href", ""))
	})
	want := []string{frame.ResidentURL(first.ID), frame.ResidentURL(second.ID), frame.HouseURL(first.House)}
	if !slices.Equal(links, want) {
		t.Errorf("%v, want %v", links, want)
	}
	if links := b.Get(t, frame.SearchPath, http.StatusOK).Find(recent).Length(); links != 3 {
		t.Errorf("the box itself is remembered: %d", links)
	}
	other := d.SignIn(t, core.Everywhere, core.Permissions()...)
	if n := other.Get(t, frame.SearchPath, http.StatusOK).Find(recent).Length(); n != 0 {
		t.Errorf("another account is shown %d", n)
	}
}

// A finder that fails, panics or takes too long is named; what the others found is shown. The box asks
// once more for what was late while one typed.
func TestSearchShowsWhatIsThere(t *testing.T) {
	hit := func(title string) []templates.SearchHit {
		return []templates.SearchHit{{Title: title, URL: "/console"}}
	}
	finder := func(group string, find func(ctx context.Context) ([]templates.SearchHit, error)) frame.Finder {
		return frame.Finder{Stem: "resident", Group: group, Needs: core.PermResidentView,
			Find: func(ctx context.Context, _ frame.Question) ([]templates.SearchHit, bool, error) {
				hits, err := find(ctx)
				return hits, false, err
			}}
	}
	var slow atomic.Bool
	slow.Store(true)
	d := desk.Empty(t, func(f *frame.Frame, _ web.Cache) []web.Route {
		f.FindTime = time.Second
		routes := []web.Route{{Method: http.MethodPost, Path: frame.SearchPath, Access: web.SignedIn, Handler: f.Find, Reads: true}}
		return f.SetFind(routes, []frame.Finder{
			finder(frame.FindResidents, func(context.Context) ([]templates.SearchHit, error) { return hit("张三"), nil }),
			finder(frame.FindHouses, func(context.Context) ([]templates.SearchHit, error) { return nil, errors.New("broken") }),
			finder(frame.FindRecords, func(ctx context.Context) ([]templates.SearchHit, error) {
				if !slow.Swap(false) {
					return hit("张三的记录"), nil
				}
				<-ctx.Done()
				return nil, ctx.Err()
			}),
			finder(frame.FindDevices, func(context.Context) ([]templates.SearchHit, error) { panic("broken") }),
			finder(frame.FindStaff, func(context.Context) ([]templates.SearchHit, error) { return nil, nil }),
		})
	})
	b := d.SignIn(t, core.Everywhere, core.PermResidentView)
	ask := func(form url.Values) (titles, late string) {
		request := b.Form(t, frame.SearchPath, form)
		request.Header.Set("HX-Request", "true")
		page, _ := b.Do(t, request, http.StatusOK)
		if page.Find("main").Length() != 0 {
			t.Error("a fragment is a whole page")
		}
		return page.Find(".tx-find-title").Text(), strings.Join(strings.Fields(page.Find(".tx-find-late").Text()), "")
	}
	if titles, late := ask(url.Values{"text": {"张三"}}); titles != "张三" || late != "正在查房屋、记录、设备…" {
		t.Errorf("shows %q and says %q", titles, late)
	}
	titles, late := ask(url.Values{"text": {"张三"}, "patient": {"1"}})
	if titles != "张三张三的记录" || late != "房屋、设备暂时查不到，请稍后再试。" {
		t.Errorf("asked again, shows %q and says %q", titles, late)
	}
}
