package frame

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// The groups of an answer, in display order.
const (
	FindResidents = "住户"
	FindHouses    = "房屋"
	FindRecords   = "记录"
	FindDevices   = "设备"
	FindStaff     = "人员"
)

var findGroups = []string{FindResidents, FindHouses, FindRecords, FindDevices, FindStaff}

// Finder answers the search box for one stem.
type Finder struct {
	Stem  string
	Group string          // of the answer: FindResidents
	Needs core.Permission // of the account
	List  string          // URL of the list whose filter q finds the same; "" = there is none

	// Add is the label of adding a person with what was typed, on the form of a new one; "" = they are not added there.
	Add string

	// Find returns at most core.SearchHits hits of the account's scope; more reports whether there are
	// others, or may be, if it has not read all. It is called beside other finders.
	Find func(ctx context.Context, q Question) (hits []templates.SearchHit, more bool, err error)
	// Show returns the hit of one thing that was opened before; nil = things of the stem have no page.
	Show func(ctx context.Context, q Question, id core.ID) (templates.SearchHit, error)
}

// Question is a text typed into the search box, and who asks.
type Question struct {
	Text    core.SearchText
	Scope   core.Scope // where to look: the community in which the account works, or all that it may see
	Reach   core.Scope // all that the account may see
	Account core.Account
	Now     time.Time
	Today   core.Day

	places func() (map[core.ID]string, error)
}

// Act appends a link to a hit if the account has the permission.
func (q Question) Act(hit *templates.SearchHit, needs core.Permission, label, address string) {
	if q.Account.Has(needs) {
		hit.Acts = append(hit.Acts, templates.Action{Label: label, URL: address})
	}
}

// The time that a finder has: while one types the whole answer is to be there in 150 ms; on the page it
// may take longer.
const (
	findTyping = 130 * time.Millisecond
	findPage   = 3 * time.Second
)

// SetFind sets the finders of all areas, and derives the entries of pages and acts from the routes. It
// returns the routes with those of one thing's page remembering that it was opened.
func (f *Frame) SetFind(routes []web.Route, finders []Finder) []web.Route {
	f.finders, f.entries, f.routes = finders, entriesOf(routes), routes
	return f.remembering(routes)
}

// findPageData is the page of the search box, for narrow screens and without scripts.
type findPageData struct {
	templates.Shell
	Text   string
	Answer templates.SearchAnswer
}

// FindShow shows the page of the search box before anything is typed.
func (f *Frame) FindShow(c *web.Context) error {
	page := findPageData{Shell: f.Shell(c, findStem, "搜索"), Answer: f.recent(c)}
	return f.Page(c, http.StatusOK, "console/search/show", page)
}

// findStem is no stem of the menu.
const findStem = "search"

type findForm struct {
	Text       string `form:"text"`
	Patient    bool   `form:"patient"` // asked once more, since a finder was late
	Within     string `form:"within"`  // the community that the page is about, or AllCommunities
	Everywhere bool   `form:"everywhere"`
}

// within returns the community to which a search is limited; 0 = none. The page says what it is about; without it, it is
// where the account works.
func (f *Frame) within(c *web.Context, form findForm) core.ID {
	if form.Everywhere || form.Within == AllCommunities {
		return 0
	}
	if id, err := core.ParseID(form.Within); err == nil && c.Scope().Has(id) {
		return id
	}
	return f.working(c)
}

// Find answers what was typed: a fragment while one types, otherwise the page.
func (f *Frame) Find(c *web.Context) error {
	var form findForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	text := core.ReadSearch(form.Text)
	limit, typing := findPage, c.IsPartial() && !form.Patient
	if typing {
		limit = cmp.Or(f.FindTime, findTyping)
	}
	answer := f.recent(c)
	if !text.Empty() {
		answer = f.answer(c, f.question(c, text, f.within(c, form)), limit)
	}
	answer.Again = typing
	if c.IsPartial() {
		return c.HTML(http.StatusOK, func(w io.Writer) error {
			return f.Renderer.RenderBlock(w, "console/search/show", "search-answer", answer)
		})
	}
	page := findPageData{Shell: f.Shell(c, findStem, "搜索"), Text: text.Text, Answer: answer}
	page.Posted = false // it changed nothing: the text stays, and going back shows it again
	return f.Page(c, http.StatusOK, "console/search/show", page)
}

// question is a text with who asks, of one community or, with 0, of all.
func (f *Frame) question(c *web.Context, text core.SearchText, within core.ID) Question {
	q := Question{
		Text: text, Scope: c.Scope().In(within), Reach: c.Scope(), Account: c.Account(), Now: c.Now(), Today: f.Today(c),
	}
	q.places = sync.OnceValues(func() (map[core.ID]string, error) {
		if q.OnePlace() {
			return map[core.ID]string{}, nil
		}
		communities, err := f.Store.Communities(c.Ctx(), q.Scope)
		return CommunityChoice{All: communities}.Names(), err
	})
	return q
}

// found is what one finder came back with.
type found struct {
	at   int // of the finder
	hits []templates.SearchHit
	more bool
	err  error
}

// answer asks all finders at once. One that fails or takes too long is named; the others are shown.
func (f *Frame) answer(c *web.Context, q Question, limit time.Duration) templates.SearchAnswer {
	ctx, cancel := context.WithTimeout(c.Ctx(), limit)
	defer cancel()
	asked := 0
	results := make(chan found, len(f.finders)) // one that is late must not wait for a reader
	for i, finder := range f.finders {
		if !q.Account.Has(finder.Needs) {
			continue
		}
		asked++
		go func() {
			r := found{at: i}
			defer func() {
				if p := recover(); p != nil {
					r.err = fmt.Errorf("finder of %s: panic: %v", finder.Stem, p)
				}
				results <- r
			}()
			r.hits, r.more, r.err = finder.Find(ctx, q)
		}()
	}
	back := map[int]found{}
	for range asked {
		select {
		case r := <-results:
			back[r.at] = r
		case <-ctx.Done():
		}
	}
	return f.collect(c, q, back)
}

// collect puts what the finders found in the order of the groups, then the pages and acts.
func (f *Frame) collect(c *web.Context, q Question, back map[int]found) templates.SearchAnswer {
	answer := templates.SearchAnswer{Typed: true, Sought: q.Text.Text}
	if at, narrow := q.narrowed(); narrow {
		answer.Within = f.communityName(c, at)
	}
	for _, label := range findGroups {
		group, late := templates.SearchGroup{Label: label}, false
		for i, finder := range f.finders {
			if finder.Group != label || !q.Account.Has(finder.Needs) {
				continue
			}
			r, ok := back[i]
			if !ok || r.err != nil {
				late = true
				c.Shortfall("finder of "+finder.Stem, cmp.Or(r.err, context.DeadlineExceeded))
				continue
			}
			group.Hits = append(group.Hits, r.hits...)
			switch {
			case !r.more || finder.List == "":
			case len(r.hits) == 0:
				group.Unread = append(group.Unread, templates.Action{
					Label: "在" + f.listLabel(finder.List) + "中查找", URL: f.moreURL(c, q, finder),
				})
			case group.More == "":
				group.More = f.moreURL(c, q, finder)
			}
		}
		if len(group.Hits)+len(group.Unread) > 0 {
			answer.Groups = append(answer.Groups, group)
		}
		if late {
			answer.Late = append(answer.Late, label)
		}
	}
	answer.Groups = append(answer.Groups, f.entryGroups(q)...)
	if answer.Found() == 0 && len(answer.Late) == 0 {
		answer.Adds = f.adds(c, q)
	}
	return answer
}

// adds returns the forms on which a person with the name or the number that was typed can be added.
func (f *Frame) adds(c *web.Context, q Question) (adds []templates.Action) {
	if soughtName(q.Text.Text) == "" && soughtPhone(q.Text.Text) == "" {
		return nil
	}
	for _, finder := range f.finders {
		form := pagesOf(finder.Stem) + "/new"
		may := slices.ContainsFunc(f.entries, func(e entry) bool { return e.act && e.url == form && e.mayBe(q.Account) })
		if finder.Add == "" || !may {
			continue
		}
		with := url.Values{"q": {q.Text.Text}}
		if at, one := q.Scope.One(); one {
			with.Set("community", at.String())
		}
		adds = append(adds, templates.Action{Label: finder.Add, URL: c.SearchURL(form, with)})
	}
	return adds
}

// moreURL returns the address of all that a finder found, where it looked: the account may work elsewhere now.
func (f *Frame) moreURL(c *web.Context, q Question, finder Finder) string {
	filters := url.Values{"q": {q.Text.Text}}
	if at, narrow := q.narrowed(); narrow {
		filters.Set("community", at.String())
	} else if !q.OnePlace() {
		filters.Set("community", AllCommunities)
	}
	return c.SearchURL(finder.List, filters)
}

// listLabel returns what the menu calls a list.
func (f *Frame) listLabel(list string) string {
	if i := slices.IndexFunc(f.entries, func(e entry) bool { return e.url == list }); i >= 0 {
		return f.entries[i].label
	}
	return "列表"
}

// recent is the answer to an empty box: what the account opened last, then what Suggested adds.
func (f *Frame) recent(c *web.Context) templates.SearchAnswer {
	q := f.question(c, core.SearchText{}, 0)
	answer := templates.SearchAnswer{}
	views, err := f.Store.RecentViews(c.Ctx(), q.Account.ID)
	if err != nil {
		answer.Late = append(answer.Late, "最近打开")
	}
	group := templates.SearchGroup{Label: "最近"}
	for _, view := range views {
		if hit, ok := f.shown(c.Ctx(), q, view); ok {
			group.Hits = append(group.Hits, hit)
		}
	}
	if len(group.Hits) > 0 {
		answer.Groups = append(answer.Groups, group)
	}
	for _, suggested := range append([]func(*web.Context) templates.SearchGroup{f.starredHits, f.todoHits}, f.Suggested...) {
		if group := suggested(c); len(group.Hits) > 0 {
			answer.Groups = append(answer.Groups, group)
		}
	}
	return answer
}

// shown returns the hit of something opened before, if the account may still open it.
func (f *Frame) shown(ctx context.Context, q Question, view store.RecentView) (hit templates.SearchHit, ok bool) {
	for _, finder := range f.finders {
		if finder.Stem != view.Stem || finder.Show == nil || !q.Account.Has(finder.Needs) {
			continue
		}
		hit, err := finder.Show(ctx, q, view.Subject)
		return hit, err == nil
	}
	return hit, false
}

// remembering returns routes whose pages of one thing, once shown, are remembered as opened last.
func (f *Frame) remembering(routes []web.Route) []web.Route {
	out := make([]web.Route, len(routes))
	for i, r := range routes {
		out[i] = r
		for _, finder := range f.finders {
			if r.Method != http.MethodGet || finder.Show == nil || r.Path != pagesOf(finder.Stem)+"/:id" {
				continue
			}
			out[i].Handler = func(c *web.Context) error {
				if err := r.Handler(c); err != nil {
					return err
				}
				f.opened(c, finder.Stem)
				return nil
			}
		}
	}
	return out
}

// opened remembers that the account opened the page of one thing. It is a convenience: if it fails,
// the page is as good as without.
func (f *Frame) opened(c *web.Context, stem string) {
	id, err := c.ParamID("id")
	if err != nil || c.IsPartial() || c.HungUp() {
		return
	}
	_ = f.Store.Opened(c.Ctx(), c.Account().ID, store.RecentView{Stem: stem, Subject: id}) // see above
}

// pagesOf returns the URL below which a stem has the pages of its things.
func pagesOf(stem string) string {
	if feature, _ := core.FeatureOf(stem); feature.Path != "" {
		return HomePath + "/" + feature.Path
	}
	return StemURL(stem, "")
}

// OnePlace reports whether everything found is in the same community.
func (q Question) OnePlace() bool {
	_, one := q.Scope.One()
	return one
}

// narrowed returns the community to which the question is limited, of several that the account may see.
func (q Question) narrowed() (community core.ID, narrow bool) {
	if _, only := q.Reach.One(); only {
		return 0, false
	}
	return q.Scope.One()
}

// In returns a note that begins with the community's name if there are several.
func (q Question) In(names map[core.ID]string, community core.ID, note string) string {
	if name := names[community]; name != "" && !q.OnePlace() {
		return name + "　" + note
	}
	return note
}

// Places returns the names of the account's communities. It reads them once.
func (q Question) Places() (map[core.ID]string, error) { return q.places() }
