package simulator

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Person is an invented WeChat user.
type Person struct {
	// Key names the person in URLs: letters, digits, '-', lower case.
	Key  string `json:"key"`
	Name string `json:"name"`
	// Color is the avatar's colour, "#rrggbb"; grey when empty.
	Color string `json:"color,omitempty"`
	// Note is a line shown on the person's card, such as "业主 3 栋 501".
	Note  string `json:"note,omitempty"`
	Phone string `json:"phone,omitempty"`
	// UnionID and OpenIDs (by appid) are derived from Key if empty, so that they are the same after
	// every restart.
	UnionID string            `json:"unionid,omitempty"`
	OpenIDs map[string]string `json:"openids,omitempty"`
	// NoUnionID models a person for whom WeChat returns no union id.
	NoUnionID bool `json:"no_unionid,omitempty"`
	// Follows are the official accounts followed from the start, and Standing what they know of the person.
	Follows  []string `json:"follows,omitempty"`
	Standing Standing `json:"standing,omitzero"`
	// Distant people only follow: they are on no list of phones.
	Distant bool `json:"distant,omitempty"`
	// Snapshot marks the virtual identity of a page snapshot (is_snapshotuser).
	Snapshot bool `json:"snapshot,omitempty"`
	// Blocked accepts template messages, then reports "failed:user block".
	Blocked bool `json:"blocked,omitempty"`
	// Failing accepts template messages, then reports "failed: system failed".
	Failing bool `json:"failing,omitempty"`
	// Risky makes jscode2session answer 40226.
	Risky bool `json:"risky,omitempty"`
}

// Standing is what official accounts know of somebody who follows them from the start.
type Standing struct {
	Hours  int      `json:"hours,omitempty"` // for how long they have followed
	Scene  string   `json:"scene,omitempty"` // subscribe_scene; by a QR code, if empty
	Remark string   `json:"remark,omitempty"`
	Tags   []string `json:"tags,omitempty"` // by name; the account has them from then on
}

var personKey = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// AddPerson adds a person, or replaces the one with the same key. It panics on a key that cannot be
// used in a URL and a host name.
func (s *Simulator) AddPerson(p Person) {
	if !personKey.MatchString(p.Key) {
		panic(fmt.Sprintf("simulator: person key %q", p.Key))
	}
	if p.Name == "" {
		p.Name = p.Key
	}
	if p.UnionID == "" && !p.NoUnionID {
		p.UnionID = "oU" + digest("union", p.Key)[:26]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.people[p.Key]; !known {
		s.order = append(s.order, p.Key)
	}
	s.people[p.Key] = &p
	clear(s.openIDs) // the open ids of the one before
	clear(s.byOpen)
	for _, appID := range p.Follows {
		s.stand(identity{appID, p.Key}, p.Standing)
	}
}

// stand makes somebody a follower, as the account knows them; the caller holds mu.
func (s *Simulator) stand(who identity, st Standing) {
	s.follows[who] = s.opt.Now().Add(-time.Duration(st.Hours) * time.Hour)
	if st.Remark != "" {
		s.remarks[who] = st.Remark
	}
	for _, name := range st.Tags {
		s.tagNamed(who.appID, name).set(who.person, true)
	}
}

// phones returns the keys of the people who have a phone here; the caller holds mu.
func (s *Simulator) phones() []string {
	return slices.DeleteFunc(slices.Clone(s.order), func(key string) bool { return s.people[key].Distant })
}

// OpenID returns the person's openid in an app; both may be unknown yet.
func (s *Simulator) OpenID(person, appID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.openID(person, appID)
}

// UnionID returns the person's union id, or "".
func (s *Simulator) UnionID(person string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.people[person]; p != nil {
		return p.UnionID
	}
	return ""
}

// Following reports whether the person follows the official account.
func (s *Simulator) Following(person, appID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.follows[identity{appID, person}]
	return ok
}

func (s *Simulator) openID(person, appID string) string {
	if strings.HasPrefix(person, crowdMark) {
		return person
	}
	if a := s.apps[appID]; a != nil && a.Type == Work && s.corps[a.corpID] != nil {
		if m := s.corps[a.corpID].memberOf(person); m != nil {
			return m.UserID
		}
	}
	key := identity{appID, person}
	if id, known := s.openIDs[key]; known {
		return id
	}
	sum := sha256.Sum256([]byte("open\x00" + appID + "\x00" + person))
	id := "o" + base64.RawURLEncoding.EncodeToString(sum[:])[:27]
	p := s.people[person]
	if p == nil {
		return id // not remembered: somebody may still become that person, with an open id given
	}
	if p.OpenIDs[appID] != "" {
		id = p.OpenIDs[appID]
	}
	s.openIDs[key] = id
	s.byOpen[identity{appID, id}] = person
	return id
}

// byOpenID returns the person with an openid in an app; the caller holds mu.
func (s *Simulator) byOpenID(appID, openID string) *Person {
	if s.apps[appID].crowdIndex(openID) >= 0 {
		return crowdPerson(openID)
	}
	if key, known := s.byOpen[identity{appID, openID}]; known {
		return s.people[key]
	}
	for _, key := range s.order {
		if s.openID(key, appID) == openID {
			return s.people[key]
		}
	}
	return nil
}

// unionOf returns the union id an app may see: "" if it is not bound.
func (s *Simulator) unionOf(p *Person, a *App) string {
	if a.NotBound || p.Snapshot {
		return ""
	}
	return p.UnionID
}

func (s *Simulator) followedSince(person, appID string) (time.Time, bool) {
	if strings.HasPrefix(person, crowdMark) {
		return s.crowdSince(), true
	}
	at, ok := s.follows[identity{appID, person}]
	return at, ok
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// nameOf returns what a person is called; "" if there is no such person.
func (s *Simulator) nameOf(person string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.people[person]; p != nil {
		return p.Name
	}
	return ""
}
