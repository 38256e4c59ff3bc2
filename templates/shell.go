package templates

// Shell is what every console page has around it; a page's struct embeds it and
// the layout "layout/console" draws it.
type Shell struct {
	Title   string     // the page's heading and the window's title
	Note    string     // a quiet line under the heading; may be empty
	Nav     []NavGroup // the menu, already cut down to what the account may see
	Crumbs  []Crumb    // the way here, without the page itself
	Actions []Action   // beside the heading, the primary one last; more in the page's block "actions"
	Account Account    // who is signed in; zero on the sign-in and error pages
	Scope   string     // the community the account works in; empty for all
	Flash   []Flash    // messages of the act before this page
	CSRF    string     // put into every form; empty where the server asks for none
	Posted  bool       // the page answers a form that was sent: going back must not send it again
	Demo    bool       // draws the line that says this is a demonstration
	Views   SavedViews // of the list that the page is; zero elsewhere
}

// Account is the signed-in person as the shell shows them.
type Account struct {
	Name    string
	Role    string // in words: "物业管理员"
	URL     string // the page of one's own account
	SignOut string // address that a POST signs out at
}

// NavGroup is a group of the menu. A group without a label stands alone at the top.
type NavGroup struct {
	Label string
	Items []NavItem
}

// NavItem is one entry of the menu.
type NavItem struct {
	Label  string
	URL    string
	Icon   string // of assets/icons.txt
	Active bool   // the page belongs to it
	Count  int    // things waiting; 0 shows nothing
}

// Crumb is a step of the way to the page.
type Crumb struct {
	Label string
	URL   string
}

// menuEntry is a line of the console's menu; its stem names the feature.
type menuEntry struct{ stem, label, icon string }

// menu is the console's whole menu, in order. The address of an entry is
// /console/<stem>, of the first /console.
var menu = []struct {
	label   string
	entries []menuEntry
}{
	{"", []menuEntry{{"", "首页", "layout-dashboard"}}},
	{"管理中心", []menuEntry{
		{"community", "小区", "building-community"},
		{"house", "房屋", "home-2"},
		{"resident", "住户", "users"},
	}},
	{"出入管理", []menuEntry{
		{"passrule", "通行证设置", "adjustments"},
		{"reader", "智能门禁", "door"},
		{"guardpost", "门岗", "shield"},
		{"observer", "观察员", "eye"},
		{"accessrecord", "出入记录", "history"},
		{"accessalert", "告警", "bell"},
	}},
	{"系统", []menuEntry{
		{"account", "账号", "user-cog"},
		{"role", "角色", "key"},
		{"audit", "操作日志", "report"},
		{"setting", "设置", "settings"},
		{"about", "关于", "info-circle"},
	}},
}

// ConsoleMenu gives the menu with the entries for which visible says yes of the
// stem ("reader"; "" is the front page), and the entry of stem active marked.
// Groups left empty are dropped.
func ConsoleMenu(active string, visible func(stem string) bool) []NavGroup {
	var groups []NavGroup
	for _, g := range menu {
		group := NavGroup{Label: g.label}
		for _, e := range g.entries {
			if !visible(e.stem) {
				continue
			}
			item := NavItem{Label: e.label, URL: "/console", Icon: e.icon, Active: e.stem == active}
			if e.stem != "" {
				item.URL += "/" + e.stem
			}
			group.Items = append(group.Items, item)
		}
		if len(group.Items) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

// Phone is what every phone page has around it; a page's struct embeds it and the
// layout "layout/phone" draws it.
type Phone struct {
	Title string
	Note  string    // a quiet line under the heading: community, post
	Back  string    // address of the arrow back; empty for none
	Tabs  []NavItem // at the bottom, two to five; empty for none
	Flash []Flash
	CSRF  string
	Demo  bool

	SignOut string // where to post to sign out; empty for none
}

// Flash is a message at the top of a page.
type Flash struct {
	Tone Tone
	Text string
}
