package core

import "fmt"

// Obstacle is what prevents a deletion: things of one stem that hang on it.
type Obstacle struct {
	Stem  string
	State string // of residents "out": who moved out; of houses "transfer": of which one is planned; "" = no matter which
	N     int
	More  bool // there are more than N
}

// obstacleUnits count things that prevent a deletion.
var obstacleUnits = map[string]string{
	"house": "套房屋", "resident": "名住户", "residentout": "名已迁出的住户", "accessrecord": "条出入记录", "restriction": "套正被限制出入",
	"certification": "份待审核的申请", "reader": "台门禁读头", "guardpost": "个门岗", "guard": "名门岗人员", "observer": "名观察员",
	"institution": "个机构", "housetransfer": "次已安排的过户（请先取消）", "account": "个账号的管理范围", "review": "份申请",
	"visitorpass": "位访客", "exitslip": "张出门条", "wechatapp": "个微信接入账号",
}

// Text counts the obstacle: 2 套房屋.
func (o Obstacle) Text() string {
	unit := obstacleUnits[o.Stem+o.State]
	if o.More {
		return fmt.Sprintf("超过 %s %s", Grouped(o.N), unit)
	}
	return fmt.Sprintf("%s %s", Grouped(o.N), unit)
}

// ObstacleTexts are the texts of obstacles.
func ObstacleTexts(all []Obstacle) []string {
	texts := make([]string, len(all))
	for i, o := range all {
		texts[i] = o.Text()
	}
	return texts
}
