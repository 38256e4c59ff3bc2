package simulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A crowd is made of people who have no state of their own: their open ids say who they are, so that
// hundreds of thousands cost no memory.

// crowdMark begins the open ids of a crowd, and the keys of its people.
const crowdMark = "oCrowd"

// crowdID returns the open id of one of the crowd: 28 characters, as others have.
func crowdID(appID string, i int) string { return fmt.Sprintf("%s%08d", crowdPrefix(appID), i) }

// crowdPrefix is what the open ids of an account's crowd have in common.
func crowdPrefix(appID string) string { return crowdMark + digest("crowd", appID)[:14] }

// crowdIndex returns which of the account's crowd an open id is, or -1.
func (a *App) crowdIndex(openID string) int {
	if a == nil || a.Crowd == 0 || !strings.HasPrefix(openID, crowdMark) || len(openID) != len(crowdMark)+22 {
		return -1
	}
	i, err := strconv.Atoi(openID[len(openID)-8:])
	if err != nil || i < 0 || i >= a.Crowd || openID != crowdID(a.AppID, i) {
		return -1
	}
	return i
}

// crowdPerson makes one of the crowd. Its key is the open id, which no other person's key can be.
func crowdPerson(openID string) *Person {
	return &Person{Key: openID, Name: "粉丝" + openID[len(openID)-8:], UnionID: "oU" + digest("union", openID)[:26]}
}

// userInfo is GET /cgi-bin/user/info. Names and avatars are no longer returned.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/Get_users_basic_information_UnionID.html
func userInfo(q *request) (any, int) { return q.follower(q.query.Get("openid")) }

func (q *request) follower(openID string) (any, int) {
	p := q.sim.byOpenID(q.app.AppID, openID)
	if p == nil {
		return nil, 40003
	}
	since, follows := q.sim.followedSince(p.Key, q.app.AppID)
	if !follows {
		return map[string]any{"subscribe": 0, "openid": openID}, 0
	}
	out := map[string]any{
		"subscribe": 1, "openid": openID, "language": "zh_CN", "subscribe_time": since.Unix(),
		"remark": q.sim.remarks[identity{q.app.AppID, p.Key}], "groupid": 0, "tagid_list": q.sim.tagsOf(q.app.AppID, p.Key),
		"subscribe_scene": cmp.Or(p.Standing.Scene, "ADD_SCENE_QR_CODE"), "qr_scene": 0,
		"qr_scene_str": q.sim.cameBy[identity{q.app.AppID, p.Key}],
	}
	if union := q.sim.unionOf(p, q.app); union != "" {
		out["unionid"] = union
	}
	return out, 0
}

// userBatch is POST /cgi-bin/user/info/batchget. It has no errcode.
func userBatch(q *request) (any, int) {
	var in struct {
		List []struct {
			OpenID string `json:"openid"`
		} `json:"user_list"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	if len(in.List) < 1 || len(in.List) > 100 {
		return nil, 40032
	}
	list := []any{}
	for _, one := range in.List {
		info, code := q.follower(one.OpenID)
		if code != 0 {
			return nil, code
		}
		list = append(list, info)
	}
	return map[string]any{"user_info_list": list}, 0
}

// userPage is the maximum number of openids on one page of the follower list.
const userPage = 10_000

// userList is GET /cgi-bin/user/get.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/Getting_a_User_List.html
func userList(q *request) (any, int) {
	people := q.followers()
	total := len(people) + q.app.Crowd
	page, found := q.pageAfter(people, q.query.Get("next_openid"))
	if !found {
		return nil, 40003
	}
	out := map[string]any{"total": total, "count": len(page), "next_openid": ""}
	if len(page) > 0 {
		out["data"] = map[string]any{"openid": page}
		out["next_openid"] = page[len(page)-1]
	}
	return out, 0
}

// followers returns the open ids of the people who follow, without the crowd.
func (q *request) followers() []string {
	var all []string
	for _, key := range q.sim.order {
		if _, follows := q.sim.follows[identity{q.app.AppID, key}]; follows {
			all = append(all, q.sim.openID(key, q.app.AppID))
		}
	}
	return all
}

// pageAfter returns a page of the people and then the crowd; false = after is nobody there.
func (q *request) pageAfter(people []string, after string) ([]string, bool) {
	from := 0 // in the people, then in the crowd
	if after != "" {
		if i := slices.Index(people, after); i >= 0 {
			from = i + 1
		} else if i := q.app.crowdIndex(after); i >= 0 {
			from = len(people) + i + 1
		} else {
			return nil, false
		}
	}
	var page []string
	prefix := crowdPrefix(q.app.AppID)
	for i := from; i < len(people)+q.app.Crowd && len(page) < userPage; i++ {
		if i < len(people) {
			page = append(page, people[i])
		} else {
			page = append(page, fmt.Sprintf("%s%08d", prefix, i-len(people)))
		}
	}
	return page, true
}

// setRemark is POST /cgi-bin/user/info/updateremark.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/Configuring_user_notes.html
func setRemark(q *request) (any, int) {
	var in struct {
		OpenID string `json:"openid"`
		Remark string `json:"remark"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	p := q.sim.byOpenID(q.app.AppID, in.OpenID)
	switch {
	case p == nil:
		return nil, 40003
	case len([]rune(in.Remark)) >= 30:
		return nil, 40097
	}
	if _, follows := q.sim.followedSince(p.Key, q.app.AppID); !follows {
		return nil, 46004
	}
	q.sim.remarks[identity{q.app.AppID, p.Key}] = in.Remark
	return ok(nil), 0
}

// tag is a tag of an account's followers.
type tag struct {
	id     int
	name   string
	people map[string]bool
	order  []string // as they were tagged
}

// The limits of tags.
const (
	tagsKept     = 100
	tagsOfOne    = 20
	tagNameLimit = 30
	firstTag     = 100 // the platform's own are below
	tagBatch     = 50
)

// tag returns an account's tag, or nil; the caller holds mu.
func (s *Simulator) tag(appID string, id int) *tag {
	for _, t := range s.tags[appID] {
		if t.id == id {
			return t
		}
	}
	return nil
}

func (s *Simulator) tagsOf(appID, person string) []int {
	ids := []int{}
	for _, t := range s.tags[appID] {
		if t.people[person] {
			ids = append(ids, t.id)
		}
	}
	return ids
}

// tagCall is the body of the calls about tags.
type tagCall struct {
	Tag struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	} `json:"tag"`
	TagID  json.Number `json:"tagid"`
	People []string    `json:"openid_list"`
	OpenID string      `json:"openid"`
	Next   string      `json:"next_openid"`
}

// checkTag checks a name for a tag other than id.
func (q *request) checkTag(id int, name string) int {
	if name == "" || len([]rune(name)) > tagNameLimit {
		return 45158
	}
	for _, t := range q.sim.tags[q.app.AppID] {
		if t.name == name && t.id != id {
			return 45157
		}
	}
	return 0
}

// createTag is POST /cgi-bin/tags/create. It has no errcode.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/User_Tag_Management.html
func createTag(q *request) (any, int) {
	var in tagCall
	if !q.bind(&in) {
		return nil, 47001
	}
	if code := q.checkTag(0, in.Tag.Name); code != 0 {
		return nil, code
	}
	list := q.sim.tags[q.app.AppID]
	if len(list) >= tagsKept {
		return nil, 45056
	}
	made := q.sim.tagNamed(q.app.AppID, in.Tag.Name)
	return map[string]any{"tag": map[string]any{"id": made.id, "name": made.name}}, 0
}

// tagNamed returns an account's tag of a name, which is made if need be; the caller holds mu.
func (s *Simulator) tagNamed(appID, name string) *tag {
	list, id := s.tags[appID], firstTag
	for _, t := range list {
		if t.name == name {
			return t
		}
		id = t.id + 1
	}
	made := &tag{id: id, name: name, people: map[string]bool{}}
	s.tags[appID] = append(list, made)
	return made
}

// listTags is GET /cgi-bin/tags/get. It has no errcode.
func listTags(q *request) (any, int) {
	list := []any{map[string]any{"id": 2, "name": "星标组", "count": 0}}
	for _, t := range q.sim.tags[q.app.AppID] {
		list = append(list, map[string]any{"id": t.id, "name": t.name, "count": len(t.people)})
	}
	return map[string]any{"tags": list}, 0
}

// updateTag is POST /cgi-bin/tags/update.
func updateTag(q *request) (any, int) {
	var in tagCall
	if !q.bind(&in) {
		return nil, 47001
	}
	t := q.sim.tag(q.app.AppID, in.Tag.ID)
	switch {
	case in.Tag.ID < firstTag:
		return nil, 45058
	case t == nil:
		return nil, 45159
	}
	if code := q.checkTag(t.id, in.Tag.Name); code != 0 {
		return nil, code
	}
	t.name = in.Tag.Name
	return ok(nil), 0
}

// deleteTag is POST /cgi-bin/tags/delete.
func deleteTag(q *request) (any, int) {
	var in tagCall
	if !q.bind(&in) {
		return nil, 47001
	}
	t := q.sim.tag(q.app.AppID, in.Tag.ID)
	switch {
	case in.Tag.ID < firstTag:
		return nil, 45058
	case t == nil:
		return nil, 45159
	case len(t.people) > 100_000:
		return nil, 45057
	}
	q.sim.tags[q.app.AppID] = slices.DeleteFunc(q.sim.tags[q.app.AppID], func(other *tag) bool { return other == t })
	return ok(nil), 0
}

// tagPeople is POST /cgi-bin/tags/members/batchtagging and, with on = false, batchuntagging.
func tagPeople(on bool) func(*request) (any, int) {
	return func(q *request) (any, int) {
		var in tagCall
		if !q.bind(&in) {
			return nil, 47001
		}
		id, err := strconv.Atoi(in.TagID.String())
		t := q.sim.tag(q.app.AppID, id)
		switch {
		case err != nil || t == nil:
			return nil, 45159
		case len(in.People) < 1 || len(in.People) > tagBatch:
			return nil, 40032
		}
		var keys []string
		for _, openID := range in.People {
			p := q.sim.byOpenID(q.app.AppID, openID)
			if p == nil {
				return nil, 40003
			}
			if on && !t.people[p.Key] && len(q.sim.tagsOf(q.app.AppID, p.Key)) >= tagsOfOne {
				return nil, 45059
			}
			keys = append(keys, p.Key)
		}
		for _, key := range keys {
			t.set(key, on)
		}
		return ok(nil), 0
	}
}

func (t *tag) set(person string, on bool) {
	if t.people[person] == on {
		return
	}
	if on {
		t.people[person] = true
		t.order = append(t.order, person)
		return
	}
	delete(t.people, person)
	t.order = slices.DeleteFunc(t.order, func(other string) bool { return other == person })
}

// tagsOfPerson is POST /cgi-bin/tags/getidlist. It has no errcode.
func tagsOfPerson(q *request) (any, int) {
	var in tagCall
	if !q.bind(&in) {
		return nil, 47001
	}
	p := q.sim.byOpenID(q.app.AppID, in.OpenID)
	if p == nil {
		return nil, 40003
	}
	return map[string]any{"tagid_list": q.sim.tagsOf(q.app.AppID, p.Key)}, 0
}

// tagged is POST /cgi-bin/user/tag/get. It has no errcode.
func tagged(q *request) (any, int) {
	var in tagCall
	if !q.bind(&in) {
		return nil, 47001
	}
	id, err := strconv.Atoi(in.TagID.String())
	t := q.sim.tag(q.app.AppID, id)
	if err != nil || t == nil {
		return nil, 45159
	}
	from := 0
	if in.Next != "" {
		for i, key := range t.order {
			if q.sim.openID(key, q.app.AppID) == in.Next {
				from = i + 1
			}
		}
	}
	page := []string{}
	for _, key := range t.order[from:min(len(t.order), from+userPage)] {
		page = append(page, q.sim.openID(key, q.app.AppID))
	}
	out := map[string]any{"count": len(page), "next_openid": ""}
	if len(page) > 0 {
		out["data"], out["next_openid"] = map[string]any{"openid": page}, page[len(page)-1]
	}
	return out, 0
}

// crowdSince is when the whole crowd began to follow.
func (s *Simulator) crowdSince() time.Time { return s.opt.Now().Add(-30 * 24 * time.Hour) }
