package store

import (
	"sync"
	"testing"
)

// The initials of names and of the menu's words are those that people type.
func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "张建国": "zjg", "单雄信": "sxx", "区小": "ox", "曾国藩": "zgf", "欧阳娜娜": "oynn", "尉迟恭": "ycg",
		"阿卜杜拉·买买提": "abdlmmt", "Tom Smith": "ts", "O'Brien": "ob", "王Tom": "wt", "李2": "l",
		"安白曹邓鄂方高韩": "abcdefgh", "江康刘马宁欧潘秦": "jklmnopq", "任宋唐温徐杨郑": "rstwxyz",
		"出入记录": "crjl", "添加住户": "tjzh", "通行证设置": "txzsz", "智能门禁": "znmj", "门岗": "mg", "告警": "gj",
		"操作日志": "czrz", "账号": "zh", "系统设置": "xtsz", "观察员": "gcy", "限制出入": "xzcr", "小区": "xq", "房屋": "fw",
		"妈么木拿努那额二夫嘎过": "mmmnnneefgg", "仨所塌它挖物西训": "ssttwwxx", "啊糯哦藕七裙然弱": "anooqqrr",
	} {
		if got := Initials(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestInitialsAtOnce(t *testing.T) {
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for r := rune(0x5f00); r < 0x6000; r++ {
				if got := initialOf(r); got < 'a' || got > 'z' {
					t.Errorf("%c: %q", r, got)
				}
			}
		})
	}
	all.Wait()
}
