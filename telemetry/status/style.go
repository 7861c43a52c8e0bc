package status

// style is that of both pages: dark and light as the reader's system has it, and narrow
// screens get each row of a table as a card.
const style = `:root{--bg:#f5f6f8;--card:#fff;--text:#1b2230;--quiet:#5b6577;--line:#dfe3ea;--hit:#2f7d5b;--miss:#3a6fd0;--refused:#b7791f;--bad:#c0392b;--call:#6d51c4;--accent:#274f9e;--onaccent:#fff}
@media (prefers-color-scheme:dark){:root{--bg:#11151c;--card:#1a202b;--text:#e6eaf2;--quiet:#9aa6ba;--line:#2c3545;--hit:#52b788;--miss:#7aa5f5;--refused:#e0a94a;--bad:#f0796b;--call:#a992f5;--accent:#8fb2f7;--onaccent:#10151d}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.3rem 1rem;padding:1rem 1.2rem .2rem;max-width:76rem;margin:0 auto}
header form{margin-left:auto}
h1{font-size:1.25rem;margin:0;letter-spacing:-.01em}h2{font-size:1rem;margin:0 0 .6rem}
p{margin:.2rem 0}
main{max-width:76rem;margin:0 auto;padding:.6rem 1.2rem 2rem;display:grid;gap:1rem}
main>*{min-width:0}
.quiet{color:var(--quiet);font-size:.9rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem;min-width:0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.8rem;margin:0}
.tiles div{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.7rem .9rem}
.tiles dt{color:var(--quiet);font-size:.85rem}
.tiles dd{margin:0;font-size:1.55rem;font-weight:600;font-variant-numeric:tabular-nums}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:1rem}
.plot svg{display:block;width:100%;height:auto}
.plot text{fill:var(--quiet);font-size:11px}
.grid{stroke:var(--line);stroke-width:1}
.hits{fill:var(--hit)}.misses{fill:var(--miss)}.refusals{fill:var(--refused)}.unavailable{fill:var(--bad)}.callbars{fill:var(--call)}
.limit{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:5 4;fill:none}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin-top:.4rem;font-size:.85rem;color:var(--quiet)}
.legend span::before{content:"";display:inline-block;width:.7rem;height:.7rem;border-radius:.15rem;margin-right:.35rem;background:currentColor}
.legend b{color:var(--text);font-weight:600;font-variant-numeric:tabular-nums}
.k-hits::before{color:var(--hit)}.k-misses::before{color:var(--miss)}.k-refusals::before{color:var(--refused)}.k-unavailable::before,.k-limit::before{color:var(--bad)}.k-calls::before{color:var(--call)}
table{width:100%;border-collapse:collapse;font-size:.92rem}
th,td{text-align:left;padding:.45rem .6rem .45rem 0;vertical-align:top;border-bottom:1px solid var(--line);overflow-wrap:break-word}
th{color:var(--quiet);font-weight:500;font-size:.85rem}
@media (min-width:60rem){#scopes td:not(:first-child):not(:last-child),#scopes th{white-space:nowrap}}
tr:last-child td{border-bottom:0}
td small{display:block;color:var(--quiet)}td small,td li{overflow-wrap:anywhere}
td ul{margin:0;padding-left:1.1rem}
.badge{display:inline-block;border-radius:1rem;padding:.05rem .55rem;font-size:.85rem;border:1px solid currentColor;white-space:nowrap}
.ok{color:var(--hit)}.warn{color:var(--refused)}.bad{color:var(--bad)}
.live{font-size:.85rem;color:var(--quiet)}.live.on::before{content:"● ";color:var(--hit)}.live.off::before{content:"● ";color:var(--bad)}
.alarm{border:1px solid var(--bad);color:var(--bad);border-radius:.6rem;padding:.6rem .9rem;margin:0 0 .4rem;overflow-wrap:anywhere}
.note{max-width:76rem;margin:1rem auto;padding:0 1.2rem}
meter{width:6rem;height:.8rem;vertical-align:middle}
#forget{display:flex;flex-wrap:wrap;gap:.7rem 1rem;align-items:end;margin-top:.6rem}
label{display:grid;gap:.2rem;font-size:.9rem;color:var(--quiet)}
label[hidden]{display:none}
input,select,button{font:inherit;min-height:2.4rem;color:var(--text);background:var(--bg);border:1px solid var(--line);border-radius:.4rem;padding:.45rem .7rem}
input{min-width:0;width:18rem;max-width:100%}
button{background:var(--accent);color:var(--onaccent);border-color:var(--accent);cursor:pointer}
button.plain{min-height:0;background:none;color:var(--quiet);border-color:var(--line);font-size:.85rem;padding:.2rem .6rem}
:focus-visible{outline:3px solid var(--miss);outline-offset:2px}
.login{max-width:27rem;padding-top:12vh}.login form{display:grid;gap:.8rem;margin:.8rem 0}.login input{width:100%}
@media (max-width:44rem){header,main{padding-left:.8rem;padding-right:.8rem}.plots{grid-template-columns:minmax(0,1fr)}
.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody,tr,td{display:block;width:100%}tr{border-bottom:1px solid var(--line);padding:.5rem 0}tr:last-child{border-bottom:0}
td{display:grid;grid-template-columns:8rem minmax(0,1fr);border:0;padding:.2rem 0}td::before{content:attr(data-name);color:var(--quiet);font-size:.85rem}
td>*{grid-column:2}#forget{display:grid}input,select{width:100%}}
`
