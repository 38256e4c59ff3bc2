package wechat

import (
	"context"
	"strconv"

	"github.com/silenceper/wechat/v2/util"
	"github.com/silenceper/wechat/v2/work/addresslist"
)

// CorpRange is the visible range of an app as WeWork's settings have it: departments with all below them, and
// members and tags that were added one by one.
type CorpRange struct {
	Departments []int
	Members     []string // user ids
	Tags        []int
}

// Range returns an app's visible range. Code 301002: the agent id is another app's. The SDK has no such call.
// https://developer.work.weixin.qq.com/document/path/90227
func (c *CorpApp) Range(ctx context.Context) (CorpRange, error) {
	var answer struct {
		util.CommonError
		Members struct {
			List []struct {
				UserID string `json:"userid"`
			} `json:"user"`
		} `json:"allow_userinfos"`
		Departments struct {
			IDs []int `json:"partyid"`
		} `json:"allow_partys"`
		Tags struct {
			IDs []int `json:"tagid"`
		} `json:"allow_tags"`
	}
	err := c.app.do(ctx, func(t *trip) error {
		address := corpHost + "/cgi-bin/agent/get?access_token=" + t.id + "&agentid=" + strconv.Itoa(c.agent)
		body, err := util.HTTPGetContext(t.ctx, address)
		if err != nil {
			return err
		}
		return util.DecodeWithError(body, &answer, "AgentGet")
	})
	seen := CorpRange{Departments: answer.Departments.IDs, Tags: answer.Tags.IDs}
	for _, m := range answer.Members.List {
		seen.Members = append(seen.Members, m.UserID)
	}
	return seen, err
}

// TagMembers returns the user ids of those who have a tag themselves; whose department has it is seen by
// Departments. Code 40068: there is no such tag.
// https://developer.work.weixin.qq.com/document/path/90213
func (c *CorpApp) TagMembers(ctx context.Context, tag int) (userIDs []string, err error) {
	var answer *addresslist.GetTagResponse
	err = c.app.do(ctx, func(t *trip) (err error) {
		answer, err = addresslist.NewClient(c.sdk(t)).GetTag(tag)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, m := range answer.UserList {
		userIDs = append(userIDs, m.UserID)
	}
	return userIDs, nil
}

// Codes of an app without a department in its range, and of a tag that is gone.
const (
	corpNoDepartment = 60011
	corpNoTag        = 40068
)

// Sight returns whom an app may see: departments, whose members it sees all, and members one by one. An app may see
// members alone; one that sees nobody is an error of Departments.
func (c *CorpApp) Sight(ctx context.Context) (departments []Department, members []string, err error) {
	seen, err := c.Range(ctx)
	if err != nil {
		return nil, nil, err
	}
	members = seen.Members
	for _, tag := range seen.Tags {
		tagged, err := c.TagMembers(ctx, tag)
		if err != nil && CodeOf(err) != corpNoTag {
			return nil, nil, err
		}
		members = append(members, tagged...)
	}
	departments, err = c.Departments(ctx)
	alone := len(seen.Departments) == 0 && len(members) > 0
	if err == nil && len(departments) == 0 && !alone {
		err = &Error{API: "/cgi-bin/department/list", Code: corpNoDepartment, Msg: "no department in the answer"}
	}
	if alone && CodeOf(err) == corpNoDepartment {
		err = nil
	}
	return departments, members, err
}
