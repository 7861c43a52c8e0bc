package status

// scriptText begins the script of the page: how elements, numbers and times are made. Every
// text goes in as text, never as markup.
const scriptText = `"use strict";
(function(){
var byId=function(id){return document.getElementById(id)};
function el(name,text,className){var e=document.createElement(name);if(text!==undefined&&text!==null)e.textContent=text;if(className)e.className=className;return e}
function clear(e){while(e.firstChild)e.removeChild(e.firstChild)}
var digits=new Intl.NumberFormat("en-US");
function num(n){if(n>=1e7)return (n/1e6).toFixed(0)+" M";if(n>=1e5)return (n/1e3).toFixed(0)+" k";return digits.format(n)}
function percent(x){if(x===null)return "–";var p=100*x;return (p>=99.95||p===0?p.toFixed(0):p>=99?p.toFixed(2):p.toFixed(1))+" %"}
function span(s){if(s>=3600&&s%3600===0&&s<86400)return s/3600+" h";if(s<90)return Math.round(s)+" s";if(s<5400)return Math.round(s/60)+" min";if(s<172800)return Math.round(s/3600)+" h";return Math.round(s/86400)+" days"}
function sum(list){var t=0;for(var i=0;i<list.length;i++)t+=list[i];return t}
`

// scriptTables shows the numbers, the upstreams and the gates.
const scriptTables = `
function tile(into,name,value,className){var d=el("div");d.appendChild(el("dt",name));d.appendChild(el("dd",value,className));into.appendChild(d)}
function tiles(s){
var h=s.hour,hits=sum(h.hits),misses=sum(h.misses),into=byId("tiles"),faults=0;
s.gates.forEach(function(g){faults+=g.faults.length});
clear(into);
tile(into,"Requests",num(hits+misses+sum(h.refusals)+sum(h.unavailable)));
tile(into,"Hit ratio",percent(hits+misses?hits/(hits+misses):null));
tile(into,"Refused",num(sum(h.refusals)));
tile(into,"Unavailable",num(sum(h.unavailable)),sum(h.unavailable)?"bad":"");
tile(into,"Upstream calls",num(sum(h.calls)));
tile(into,"Configuration faults",num(faults),faults?"bad":"");
}
function cell(row,name,content){var td=el("td");td.setAttribute("data-name",name);var wrap=el("div");
if(typeof content==="string")wrap.textContent=content;else content.forEach(function(c){wrap.appendChild(typeof c==="string"?document.createTextNode(c):c)});
td.appendChild(wrap);row.appendChild(td)}
function badge(text,className){return el("span",text,"badge "+className)}
function trust(s){if(s.distrusted)return badge("distrusted","bad");return s.trusted?badge("trusted","ok"):badge("not asked yet","warn")}
function held(e){var list=[num(e.held)+" of "+num(e.size)];if(e.evicted)list.push(el("small",num(e.evicted)+" dropped for room"));return list}
function budget(b){if(!b)return "no limit";
var m=el("meter");m.min=0;m.max=b.calls;m.low=b.calls*.25;m.high=b.calls*.5;m.optimum=b.calls;m.value=b.left;m.setAttribute("aria-label","Budget left");
return [m," "+num(b.left)+" of "+num(b.calls),el("small","per "+span(b.period)+(b.wait?", "+span(b.wait)+" to go":""))]}
function scopes(s){
var body=byId("scopes").tBodies[0],now=Date.parse(s.now);clear(body);
byId("noscopes").hidden=s.scopes.length>0;byId("scopes").hidden=s.scopes.length===0;
s.scopes.forEach(function(c){
var row=el("tr");
cell(row,"API",[el("strong",c.api),el("small",c.kind+", "+c.host)]);
cell(row,"Trust",[trust(c)]);
cell(row,"Circuit",[c.circuitOpen?badge("open","bad"):badge("closed","ok")].concat(c.waiters?[el("small",num(c.waiters)+" wait")]:[]));
cell(row,"Budget left",budget(c.budget));
cell(row,"Allowed held",held(c.allowed));
cell(row,"Denied held",held(c.denied));
cell(row,"Hit ratio",percent(c.hitRatio));
cell(row,"Last fault",c.fault?[el("strong",c.fault.event),el("small",span((now-Date.parse(c.fault.at))/1000)+" ago: "+c.fault.detail)]:"none");
body.appendChild(row)})
}
function gates(s){
var body=byId("gates").tBodies[0];clear(body);
s.gates.forEach(function(g){
var row=el("tr"),list=el("ul");
g.faults.forEach(function(f){list.appendChild(el("li",f,"bad"))});
cell(row,"Middleware",g.name);cell(row,"Mode",g.mode||"–");cell(row,"APIs",g.apis.join(", ")||"–");
cell(row,"Configuration",g.faults.length?[badge(g.faults.length+(g.faults.length>1?" faults":" fault"),"bad"),list]:[badge("in use","ok")]);
body.appendChild(row)})
}
function alarm(s){
var list=[];
s.scopes.forEach(function(c){if(c.distrusted)list.push(c.api+" at "+c.host+" accepts credentials that cannot be valid: unknown ones get an error.");
if(c.circuitOpen)list.push(c.api+" at "+c.host+" is down: unknown credentials get an error.")});
s.gates.forEach(function(g){if(g.faults.length)list.push("The middleware "+g.name+" is misconfigured: it denies every request.")});
var a=byId("alarm");a.hidden=list.length===0;var text=list.join(" ");if(a.textContent!==text)a.textContent=text;
}
`

// scriptMain asks for the data, now and every few seconds while the page is seen, and sends
// what is to be forgotten.
const scriptMain = `
var every=5000,timer=0,seen=null;
function show(s){seen=s;
byId("about").textContent=s.version+", running for "+span(s.uptime);
tiles(s);plots(s);scopes(s);gates(s);alarm(s);
document.body.setAttribute("data-requests",sum(Object.keys(s.requests).map(function(k){return s.requests[k]})))}
function live(on,text){var l=byId("live");l.className="live "+(on?"on":"off");if(l.textContent!==text)l.textContent=text}
function load(){
clearTimeout(timer);
return fetch("status",{cache:"no-store",credentials:"same-origin",headers:{Accept:"application/json"}}).then(function(r){
if(r.status===401){location.reload();throw 0}
if(!r.ok)throw new Error("HTTP "+r.status);
return r.json()}).then(function(s){show(s);live(true,"live")}).catch(function(e){if(e!==0)live(false,"no data ("+(e.message||"no connection")+")")}).then(function(){
if(!document.hidden)timer=setTimeout(load,every)})
}
document.addEventListener("visibilitychange",function(){if(!document.hidden)load()});
var names={bearer:["Token","password"],applicationKey:["Key","password"],basic:["User name","text"],account:["User name","text"],api:["API","text"]};
byId("by").addEventListener("change",function(){
var by=this.value;byId("firstlabel").firstElementChild.textContent=names[by][0];byId("first").type=names[by][1];byId("first").value="";
byId("secondlabel").hidden=by!=="basic";byId("second").required=by==="basic";byId("second").value=""});
byId("forget").addEventListener("submit",function(event){
event.preventDefault();
var by=byId("by").value,first=byId("first").value,wish={},out=byId("forgotten");
wish[by]=by==="basic"?{username:first,password:byId("second").value}:first;
fetch("forget",{method:"POST",cache:"no-store",credentials:"same-origin",headers:{"Content-Type":"application/json"},body:JSON.stringify(wish)}).then(function(r){return r.json()}).then(function(a){
if(a.message){out.className="bad";out.textContent=a.message;return}
out.className="ok";out.textContent=a.forgotten===0?"Nothing was remembered of it here.":a.forgotten===1?"1 remembered answer is forgotten.":num(a.forgotten)+" remembered answers are forgotten.";
byId("first").value="";byId("second").value="";load()}).catch(function(){out.className="bad";out.textContent="No connection."})});
load();
})();
`
