package simulator

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Work is the AppType of an app of a company on WeWork, and of its contact sync. The AppID of such an App is
// the company's id, a slash and the agent id; the contact sync's is 0.
const Work AppType = "work"

// Corp is a company on WeWork.
type Corp struct {
	CorpID string `json:"corpid"`
	Name   string `json:"name"`
	// Sync is the contact sync: its secret, and where changes of members and departments are pushed.
	Sync        Agent            `json:"sync"`
	Agents      []Agent          `json:"agents"`
	Departments []CorpDepartment `json:"departments"`
	Members     []CorpMember     `json:"members"`
	Tags        []CorpTag        `json:"tags,omitempty"`
	// Crowd is how many more members there are, one after another in the departments. They exist only as
	// user ids.
	Crowd int `json:"crowd,omitempty"`
	// Long makes pushes of changes carry names, as before August 2022.
	Long bool `json:"long,omitempty"`
}

// Agent is an app of a company.
type Agent struct {
	ID     int    `json:"id"`
	Name   string `json:"name"`
	Secret string `json:"secret"`
	// Visible are the departments, with all below them, that the app may see, and VisibleMembers and VisibleTags whom
	// it sees besides; none of the three means all.
	Visible         []int    `json:"visible,omitempty"`
	VisibleMembers  []string `json:"visible_members,omitempty"` // user ids
	VisibleTags     []int    `json:"visible_tags,omitempty"`
	RedirectDomains []string `json:"redirect_domains,omitempty"`
	Whitelist       []string `json:"whitelist,omitempty"`
	Token           string   `json:"token,omitempty"`
	AESKey          string   `json:"aes_key,omitempty"`
	CallbackURL     string   `json:"callback_url,omitempty"`
	Menu            []Button `json:"menu,omitempty"`
}

// CorpDepartment is a department; the root has the id 1 and no parent.
type CorpDepartment struct {
	ID     int    `json:"id"`
	Parent int    `json:"parent"`
	Name   string `json:"name"`
}

// CorpTag is a tag of a company, of members and of departments with all below them.
type CorpTag struct {
	ID          int      `json:"id"`
	Name        string   `json:"name"`
	Members     []string `json:"members,omitempty"` // user ids
	Departments []int    `json:"departments,omitempty"`
}

// CorpMember is a member of a company.
type CorpMember struct {
	UserID      string `json:"userid"`
	Name        string `json:"name"`
	Position    string `json:"position,omitempty"`
	Departments []int  `json:"departments"`
	Mobile      string `json:"mobile,omitempty"`
	Email       string `json:"email,omitempty"`
	Disabled    bool   `json:"disabled,omitempty"`
	// Unlicensed is a member for whom the company has no licence of the interfaces: messages do not reach them.
	Unlicensed bool `json:"unlicensed,omitempty"`
	// Person is whose phone the member uses; "" = no phone here.
	Person string `json:"person,omitempty"`
}

// WorkID returns the AppID of an app of a company.
func WorkID(corpID string, agent int) string { return corpID + "/" + strconv.Itoa(agent) }

// AddCorp registers a company, or replaces the one with the same id. It panics on an unusable one.
func (s *Simulator) AddCorp(c Corp) {
	if c.CorpID == "" || c.Sync.Secret == "" {
		panic("simulator: a company needs an id and a secret of the contact sync")
	}
	c.Sync.ID = 0
	for _, a := range append([]Agent{c.Sync}, c.Agents...) {
		s.AddApp(App{
			AppID: WorkID(c.CorpID, a.ID), Secret: a.Secret, Type: Work, Name: first(a.Name,
				"通讯录同步"), OriginalID: c.CorpID, Token: a.Token,
			AESKey: a.AESKey, CallbackURL: a.CallbackURL, RedirectDomains: a.RedirectDomains, Whitelist: a.Whitelist,
			corpID: c.CorpID, agent: a.ID, visible: c.visible(a), single: c.single(a), allowed: a, Menu: a.Menu,
		})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Members, c.Departments = slices.Clone(c.Members), slices.Clone(c.Departments)
	s.corps[c.CorpID] = &c
	clear(s.openIDs)
	clear(s.byOpen)
}

// visible returns the departments that an app may see, by itself or by a tag; nil = all.
func (c *Corp) visible(a Agent) []int {
	if a.Visible == nil && a.VisibleMembers == nil && a.VisibleTags == nil {
		return nil
	}
	tops := append([]int{}, a.Visible...)
	for _, tag := range c.Tags {
		if slices.Contains(a.VisibleTags, tag.ID) {
			tops = append(tops, tag.Departments...)
		}
	}
	return tops
}

// single returns the user ids, in lower case, of whom an app may see one by one.
func (c *Corp) single(a Agent) []string {
	ids := slices.Clone(a.VisibleMembers)
	for _, tag := range c.Tags {
		if slices.Contains(a.VisibleTags, tag.ID) {
			ids = append(ids, tag.Members...)
		}
	}
	for i, id := range ids {
		ids[i] = strings.ToLower(id)
	}
	return ids
}

// member returns a member by user id, or nil; the caller holds mu.
func (c *Corp) member(userID string) *CorpMember {
	for i := range c.Members {
		if strings.EqualFold(c.Members[i].UserID, userID) {
			return &c.Members[i]
		}
	}
	if i, err := strconv.Atoi(strings.TrimPrefix(userID, "crowd")); err == nil && i < c.Crowd && userID == crowdMember(i) {
		return &CorpMember{UserID: userID, Name: "员工" + strconv.Itoa(i), Departments: []int{c.crowdDepartment(i)}}
	}
	return nil
}

func crowdMember(i int) string { return fmt.Sprintf("crowd%06d", i) }

func (c *Corp) crowdDepartment(i int) int {
	if len(c.Departments) == 0 {
		return 1
	}
	return c.Departments[i%len(c.Departments)].ID
}

// memberOf returns the member whose phone a person uses, or nil.
func (c *Corp) memberOf(person string) *CorpMember {
	for i := range c.Members {
		if c.Members[i].Person == person && person != "" {
			return &c.Members[i]
		}
	}
	return nil
}

// within reports whether a department is one of the tops, or below one; nil tops are the whole company.
func (c *Corp) within(id int, tops []int) bool {
	for range len(c.Departments) + 1 {
		if tops == nil || slices.Contains(tops, id) {
			return true
		}
		i := slices.IndexFunc(c.Departments, func(d CorpDepartment) bool { return d.ID == id })
		if i < 0 || c.Departments[i].Parent == 0 {
			return false
		}
		id = c.Departments[i].Parent
	}
	return false
}

// sees reports whether an app may see a member.
func (c *Corp) sees(a *App, m *CorpMember) bool {
	return a.visible == nil || slices.Contains(a.single, strings.ToLower(m.UserID)) ||
		slices.ContainsFunc(m.Departments, func(id int) bool { return c.within(id, a.visible) })
}

// PutMember creates or changes a member, and pushes it to the contact sync.
func (s *Simulator) PutMember(corpID string, m CorpMember) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.corps[corpID]
	if c == nil {
		return errNobody
	}
	kind := "create_user"
	if i := slices.IndexFunc(c.Members, func(old CorpMember) bool { return old.UserID == m.UserID }); i >= 0 {
		kind, c.Members[i] = "update_user", m
	} else {
		c.Members = append(c.Members, m)
	}
	clear(s.openIDs)
	clear(s.byOpen)
	fields := [][2]string{{"UserID", m.UserID}, {"Department", joined(m.Departments)}}
	if c.Long {
		fields = append(fields, [2]string{"Name", m.Name}, [2]string{"Mobile", m.Mobile}, [2]string{"Email", m.Email})
	}
	s.pushChange(c, kind, fields)
	return nil
}

// RemoveMember removes a member, and pushes it.
func (s *Simulator) RemoveMember(corpID, userID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.corps[corpID]
	if c == nil || c.member(userID) == nil {
		return errNobody
	}
	c.Members = slices.DeleteFunc(c.Members, func(m CorpMember) bool { return m.UserID == userID })
	clear(s.openIDs)
	clear(s.byOpen)
	s.pushChange(c, "delete_user", [][2]string{{"UserID", userID}})
	return nil
}

// PutDepartment creates or changes a department, and pushes it.
func (s *Simulator) PutDepartment(corpID string, d CorpDepartment) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.corps[corpID]
	if c == nil {
		return errNobody
	}
	kind := "create_party"
	if i := slices.IndexFunc(c.Departments, func(old CorpDepartment) bool { return old.ID == d.ID }); i >= 0 {
		kind, c.Departments[i] = "update_party", d
	} else {
		c.Departments = append(c.Departments, d)
	}
	s.pushChange(c, kind, [][2]string{{"Id", strconv.Itoa(d.ID)}, {"ParentId", strconv.Itoa(d.Parent)}})
	return nil
}

// RemoveDepartment removes a department, and pushes it.
func (s *Simulator) RemoveDepartment(corpID string, id int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.corps[corpID]
	if c == nil {
		return errNobody
	}
	c.Departments = slices.DeleteFunc(c.Departments, func(d CorpDepartment) bool { return d.ID == id })
	s.pushChange(c, "delete_party", [][2]string{{"Id", strconv.Itoa(id)}})
	return nil
}

// PushChange sends a test's own change_contact, such as update_tag.
func (s *Simulator) PushChange(corpID, kind string, fields [][2]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.corps[corpID]
	if c == nil {
		return errNobody
	}
	s.pushChange(c, kind, fields)
	return nil
}

func joined(ids []int) string {
	var parts []string
	for _, id := range ids {
		parts = append(parts, strconv.Itoa(id))
	}
	return strings.Join(parts, ",")
}

// pushChange pushes change_contact to the contact sync; the caller holds mu.
func (s *Simulator) pushChange(c *Corp, kind string, fields [][2]string) {
	s.push(s.changeParcel(c, kind, fields))
}

func (s *Simulator) changeParcel(c *Corp, kind string, extra [][2]string) parcel {
	fields := []field{{name: "ToUserName", value: c.CorpID}, {name: "FromUserName", value: "sys"},
		{name: "CreateTime", value: strconv.FormatInt(s.opt.Now().Unix(), 10), number: true}, {name: "MsgType", value: "event"},
		{name: "Event", value: "change_contact"}, {name: "ChangeType", value: kind}}
	for _, f := range extra {
		fields = append(fields, field{name: f[0], value: f[1]})
	}
	return parcel{app: *s.apps[WorkID(c.CorpID, 0)], what: kind, xml: xmlMessage(fields, "", nil)}
}

// PushHostileChange is PushHostile for a member's change, pushed to the contact sync.
func (s *Simulator) PushHostileChange(ctx context.Context, corpID, userID string, kind Hostile) (PushReply, error) {
	s.mu.Lock()
	c := s.corps[corpID]
	if c == nil {
		s.mu.Unlock()
		return PushReply{}, errNobody
	}
	par := s.changeParcel(c, "update_user", [][2]string{{"UserID", userID}, {"Department", "1"}})
	s.mu.Unlock()
	return s.pushSpoiled(ctx, par, kind)
}

// ticketMark is a user_ticket.
type ticketMark struct {
	appID, userID string
	expires       time.Time
}

// onceMark remembers a message by its content and receiver.
type onceMark struct {
	id    string
	until time.Time
}
