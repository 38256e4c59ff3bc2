package frame

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// entry is a page or an act that the search box finds by its name, its other names, and the pinyin
// initials of both.
type entry struct {
	label   string
	names   []string // folded: the label first, then other names
	initial []string // of the names
	told    int      // how many of the names the answer shows
	icon    string
	url     string
	act     bool
	needs   []web.Access
	any     []core.Permission // one of them is needed; none = nothing is
}

// maxEntries bounds the pages and the acts of an answer.
const maxEntries = 8

// entriesOf returns the entries of all stems: the line of the menu, further pages, and the acts. An
// act leads to its form, or to the list of the things it is done to.
func entriesOf(routes []web.Route) []entry {
	access := map[string]web.Access{}
	for _, r := range routes {
		access[r.Method+" "+r.Path] = r.Access
	}
	entries := []entry{newEntry("首页", []string{"工作台"}, "layout-dashboard", HomePath)}
	for _, f := range core.Features {
		icon := cmp.Or(f.Menu.Icon, iconOf(f.Under), "arrow-right")
		if list, ok := access[http.MethodGet+" "+pagesOf(f.Stem)]; ok && list != web.Public {
			e := newEntry(cmp.Or(f.Menu.Label, f.Noun), append(slices.Clone(f.Aliases), f.Noun), icon, pagesOf(f.Stem))
			e.needs = []web.Access{list}
			entries = append(entries, e)
		}
		for _, page := range f.Pages {
			e := newEntry(page.Label, page.Aliases, icon, HomePath+"/"+page.Path)
			e.needs = []web.Access{access[http.MethodGet+" "+e.url]}
			entries = append(entries, e)
		}
		for _, verb := range f.Verbs {
			if e, ok := actEntry(access, f, verb); ok {
				e.icon = icon
				entries = append(entries, e)
			}
		}
	}
	return entries
}

func iconOf(stem string) string {
	f, _ := core.FeatureOf(stem)
	return f.Menu.Icon
}

func newEntry(label string, aliases []string, icon, url string) entry {
	e := entry{label: label, icon: icon, url: url}
	e.name(append([]string{label}, aliases...)...)
	e.told = len(e.names)
	return e
}

// name has an entry found by further names.
func (e *entry) name(names ...string) {
	for _, name := range names {
		if folded := core.FoldName(name); !slices.Contains(e.names, folded) {
			e.names, e.initial = append(e.names, folded), append(e.initial, store.Initials(name))
		}
	}
}

// oldWords are what other programs call what acts begin with here.
var oldWords = []struct {
	Word    string
	Aliases []string
}{{Word: "添加", Aliases: []string{"新增", "创建"}}, {Word: "修改", Aliases: []string{"编辑"}}, {Word: "停用", Aliases: []string{"禁用"}}}

// oldNames returns the names of an act with old words in front.
func oldNames(label string) (names []string) {
	for _, old := range oldWords {
		if rest, begins := strings.CutPrefix(label, old.Word); begins {
			for _, other := range old.Aliases {
				names = append(names, other+rest)
			}
		}
	}
	return names
}

// actEntry returns the entry of an act. ok is false for acts that nobody does in the console.
func actEntry(access map[string]web.Access, f core.Feature, verb core.Verb) (e entry, ok bool) {
	list := pagesOf(f.Stem)
	url := list
	if at, elsewhere := f.ActsAt[verb.Name]; elsewhere {
		url = HomePath + "/" + at
	} else if _, form := access[http.MethodGet+" "+list+"/new"]; verb.Name == "create" && form {
		url = list + "/new"
	}
	page, exists := access[http.MethodGet+" "+url]
	if !exists || page == web.Public {
		return entry{}, false
	}
	route, ok := doing(access, f.Stem, verb.Name)
	if !ok {
		return entry{}, false
	}
	e = newEntry(f.ActLabel(verb), f.ActNames[verb.Name], "", url)
	e.name(verb.Label) // a wider word of the log says nothing beside the label
	e.name(oldNames(verb.Label)...)
	e.act = true
	e.needs = []web.Access{page, route}
	if f.Stem == "batch" {
		for _, kind := range core.BatchTypes {
			e.any = append(e.any, kind.Permission)
		}
	}
	return e, true
}

// doneBy are the routes of acts that are not named for them.
var doneBy = map[string]string{
	"staff.link":              "POST /console/staff/:id/account",
	"staff.allow_leave":       "POST /console/wechatapp/:id/leave",
	"staff.sync":              "POST /console/wechatapp/:id/sync",
	"accessrecord.search":     http.MethodGet + " " + AccessRecordPath,
	"accessrecord.look":       http.MethodGet + " " + AccessRecordPath,
	"account.bind_wechat":     http.MethodPost + " " + MePath + "/wechat",
	"account.change_password": http.MethodPost + " " + web.PasswordPage,
	"account.disable_totp":    http.MethodPost + " " + MePath + "/totp/off",
	"account.enable_totp":     http.MethodPost + " " + MePath + "/totp/on",
	"account.reset_wechat":    http.MethodPost + " " + AccountPath + "/:id/wechat/off",
	"account.unbind_wechat":   http.MethodPost + " " + MePath + "/wechat/off",
	"follower.remark":         http.MethodPost + " " + FollowerPath + "/:id",
	"follower.tag":            http.MethodPost + " " + FollowerPath + "/tagging",
	"follower.untag":          http.MethodPost + " " + FollowerPath + "/tagging",
	"bindticket.create":       http.MethodPost + " " + GuardPath + "/:id/qr",
	"doorcommand.create":      http.MethodPost + " " + ReaderPath + "/:id/open",
	"house.arrears":           http.MethodPost + " " + HousePath + "/arrears",
	"house.import":            http.MethodPost + " " + ImportPath + "/:id/write",
	"house.move":              http.MethodPost + " " + HousePath + "/node/:id/move",
	"house.rename":            http.MethodPost + " " + HousePath + "/node/:id/move",
	"import.faults":           http.MethodGet + " " + ImportPath + "/:id/errors.xlsx",
	"import.map":              http.MethodPost + " " + ImportPath + "/:id/columns",
	"message.call":            http.MethodPost + " " + MessagePath + "/unreached/call",
	"rehearsal.create":        http.MethodPost + " " + PassRulePath,
	"ruleplan.create":         http.MethodPost + " " + PassRulePath,
	"job.download":            http.MethodGet + " " + JobPath + "/:id/file.xlsx",
	"message.resume":          http.MethodPost + " " + MessagePath + "/channel/resume",
	"reader.import":           http.MethodPost + " " + ImportPath + "/:id/write",
	"reader.permit":           http.MethodPost + " " + ReaderPath + "/permission",
	"resident.import":         http.MethodPost + " " + ImportPath + "/:id/write",
	"job.start":               http.MethodPost + " " + AuditPath + "/verify",
	"resident.create_many":    http.MethodPost + " " + ResidentPath,
	"resident.export":         http.MethodGet + " " + ResidentPath + "/export.xlsx",
	"wechatapp.unconfirm":     http.MethodPost + " " + WechatAppPath + "/:id/confirm",
	"session.end":             http.MethodPost + " " + MePath + "/session/end",
}

// doing returns the access of the route that does an act to the things of a stem; ok is false if no
// page of the console does.
func doing(access map[string]web.Access, stem, verb string) (needed web.Access, ok bool) {
	if route, named := doneBy[stem+"."+verb]; named {
		needed, ok = access[route]
		return needed, ok
	}
	list := pagesOf(stem)
	paths := []string{list + "/:id/" + verb, list + "/" + verb, list + "/" + verb + ".xlsx"}
	parts := strings.Split(verb, "_")
	for _, part := range append(parts, strings.Join(parts, "")) {
		paths = append(paths, list+"/:id/"+part, list+"/"+part, list+"/"+part+".xlsx")
	}
	switch verb {
	case "create":
		paths = []string{list}
	case "update":
		paths = []string{list + "/:id", list}
	case "remove":
		paths = append(paths, list+"/:id/delete", list+"/delete")
	}
	for _, path := range paths {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			needed, ok = access[method+" "+path]
			if ok && (method == http.MethodPost || strings.HasSuffix(path, ".xlsx")) {
				return needed, true
			}
		}
	}
	return web.Access{}, false
}

// fit returns how well what was typed means an entry: 0 = not at all.
func (e entry) fit(text, initials string) int {
	best := 0
	for i, name := range e.names {
		switch short := e.initial[i]; {
		case name == text:
			best = max(best, 6)
		case initials != "" && short == initials:
			best = max(best, 5)
		case strings.HasPrefix(name, text):
			best = max(best, 4)
		case initials != "" && len(initials) > 1 && strings.HasPrefix(short, initials):
			best = max(best, 3)
		case strings.Contains(name, text):
			best = max(best, 2)
		case len(initials) > 1 && strings.Contains(short, initials):
			best = max(best, 1)
		}
	}
	return best
}

// entryGroups returns the pages and the acts that a text means, the best first.
func (f *Frame) entryGroups(q Question) []templates.SearchGroup {
	text := core.FoldName(q.Text.Text)
	initials := text
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyz") != "" {
		initials = ""
	}
	groups := []templates.SearchGroup{{Label: "页面"}, {Label: "操作"}}
	if text == "" {
		return nil
	}
	for fit := 6; fit > 0; fit-- {
		for _, e := range f.entries {
			group := &groups[0]
			if e.act {
				group = &groups[1]
			}
			if e.fit(text, initials) != fit || len(group.Hits) >= maxEntries || !e.mayBe(q.Account) {
				continue
			}
			group.Hits = append(group.Hits, templates.SearchHit{Icon: e.icon, Title: e.label, URL: e.url, Note: e.note()})
		}
	}
	return slices.DeleteFunc(groups, func(g templates.SearchGroup) bool { return len(g.Hits) == 0 })
}

// mayBe reports whether an account may open the page, and do the act.
func (e entry) mayBe(a core.Account) bool {
	lacks := func(need web.Access) bool { return !need.Admits(a) }
	return !slices.ContainsFunc(e.needs, lacks) && (len(e.any) == 0 || slices.ContainsFunc(e.any, a.Has))
}

// note returns the entry's other names.
func (e entry) note() string {
	return Joined(e.names[1:e.told])
}
